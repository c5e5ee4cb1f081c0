"""What the page calls things, in English and in Japanese: garments, reasons, marks, and what changes.

A text is a pair of both languages. What is not in a table is shown as it is in both.
"""

from __future__ import annotations

from demicouture.interpolation.likeness import likeness
from demicouture.preprocessing import records

Text = tuple[str, str]
"""The same in English and in Japanese."""

POLES = {"casual": ("casual", "カジュアル"), "collection": ("collection", "コレクション")}

GARMENTS = {
    "cardigan": ("a cardigan", "カーディガン"),
    "fleece": ("a fleece", "フリース"),
    "hoody": ("a hoody", "パーカー"),
    "jacket": ("a jacket", "ジャケット"),
    "polo-shirt": ("a polo shirt", "ポロシャツ"),
    "shirt": ("a shirt", "シャツ"),
    "sweats": ("a sweatshirt", "スウェット"),
    "t-shirt": ("a T-shirt", "Tシャツ"),
    "ball-gown": ("a ball gown", "ボールガウン"),
    "cape": ("a cape", "ケープ"),
    "cocoon-coat": ("a cocoon coat", "コクーンコート"),
    "column-dress": ("a column dress", "コラムドレス"),
    "long-coat": ("a long coat", "ロングコート"),
    "puff-sleeves": ("a dress with puff sleeves", "パフスリーブのドレス"),
    "tiered-dress": ("a tiered dress", "ティアードドレス"),
    "trouser-suit": ("a trouser suit", "パンツスーツ"),
}
"""By the folder of a query in ``data/1-scraped/<pole>``; of the queries in ``data/queries-demo.csv``, which are
garments. A query of a person's own may be anything."""

LIKENESS = {
    "almost the same as": ("almost the same", "ほぼ同じ"),
    "much like": ("much like it", "よく似ている"),
    "a little like": ("a little like it", "少し似ている"),
    "unlike": ("clearly different", "はっきり違う"),
}
"""By :data:`demicouture.interpolation.likeness.LIKENESS`."""

REASONS = {
    records.UNDECODABLE: ("the file is damaged", "ファイルが壊れている"),
    records.TOO_LARGE: ("far too large", "大きすぎる"),
    records.TOO_HEAVY: ("far too large a file", "ファイルが大きすぎる"),
    records.TOO_MANY_SCANS: ("it would take minutes to open", "開くのに時間がかかりすぎる"),
    records.STRIP: ("far too long and narrow", "細長すぎる"),
    records.IN_BOTH_POLES: ("the same picture in both styles", "両方のスタイルにある"),
    records.EXACT_DUPLICATE: ("the same file twice", "同じファイルが2つある"),
    records.NEAR_DUPLICATE: ("the same picture twice", "ほぼ同じ画像がある"),
    records.BLANK: ("there is nothing on it", "何も写っていない"),
    records.BLURRED: ("blurred", "ぼやけている"),
    records.NO_PHOTOGRAPH: ("not a photograph", "写真ではない"),
    records.NO_PERSON: ("nobody wears it", "着ている人がいない"),
    records.PERSON_UNCLEAR: ("unclear whether somebody wears it", "人が写っているか不明"),
    records.NOT_FROM_THE_FRONT: ("not seen from the front", "正面から写っていない"),
    records.TURNED: ("half turned away", "斜めを向いている"),
    records.SEATED: ("somebody sits", "座っている"),
    records.SECOND_PERSON: ("a second person", "ほかの人も写っている"),
    records.NOT_CUT_OUT: ("the garment could not be cut out", "服を切り抜けなかった"),
    records.NO_TOP: ("not a top", "トップスではない"),
    records.PERHAPS_NO_TOP: ("perhaps not a top", "トップスか疑わしい"),
    records.NO_GARMENT_FOUND: ("no garment found", "服が見つからない"),
    records.TOO_LIKE: ("too like another one", "ほかの画像に似すぎている"),
    records.OVER_COUNT: ("more than were asked for", "必要な枚数を超えた"),
    records.BY_A_PERSON: ("a person decided so", "人が決めた"),
}
"""By the reason in ``decisions.csv``."""

MARKS = {
    "blurred by one pixel": ("the pictures, slightly blurred", "少しぼかした画像"),
    "blurred by two pixels": ("the pictures, blurred", "ぼかした画像"),
    "quarters shuffled": ("cut in four and shuffled", "4つに切って並べ替えた画像"),
    "upside down": ("upside down", "上下逆さまの画像"),
    "coloured noise": ("soft blots of colour", "色のしみ"),
    "white noise": ("noise", "ノイズ"),
}
"""The marks of the scale of realism that the page names, by their names in ``realism-scale.json``."""

CHANGES = {
    "lightness": (("darker", "暗く"), ("lighter", "明るく")),
    "contrast": (("less contrast", "コントラストが弱く"), ("more contrast", "コントラストが強く")),
    "colourfulness": (("paler colours", "色が淡く"), ("stronger colours", "色が鮮やかに")),
    "green to red": (("greener", "緑がかって"), ("redder", "赤みが増し")),
    "blue to yellow": (("bluer", "青みが増し"), ("yellower", "黄色がかって")),
    "detail": (("less detail", "細部が少なく"), ("more detail", "細部が多く")),
    "symmetry": (("less symmetrical", "左右が非対称に"), ("more symmetrical", "左右が対称に")),
    "width at the shoulders": (("narrower at the shoulders", "肩が狭く"), ("wider at the shoulders", "肩が広く")),
    "width at the middle": (("narrower at the waist", "ウエストが細く"), ("wider at the waist", "ウエストが広く")),
    "width at the hem": (("narrower at the hem", "裾が細く"), ("wider at the hem", "裾が広く")),
}
"""What a garment becomes where an attribute of :mod:`demicouture.boundary.attribute_changes` falls, and where it
rises."""

PICTURES = {
    "drawing": (("drawing", "drawings"), ("絵", "絵")),
    "photograph": (("photograph", "photographs"), ("写真", "写真")),
    "picture": (("picture", "pictures"), ("画像", "画像")),
}
"""What the data set holds, one and many, in English and in Japanese."""


def pole(name: str) -> Text:
    """Returns what a pole is called."""
    return POLES.get(name, (name, name))


def garment(folder: str) -> Text | None:
    """Returns the garment that a query was for, by its folder; None where a query may be anything."""
    return GARMENTS.get(folder)


def reason(text: str) -> Text:
    """Returns why a picture was not taken."""
    if text.startswith("smaller than "):
        size = text.removeprefix("smaller than ")
        return (f"smaller than {size} pixels", f"{size}ピクセルより小さい")
    return REASONS.get(text, (text, text))


def how_like(rank: float) -> Text:
    """Returns how like two pictures are, see :func:`demicouture.interpolation.likeness.likeness`."""
    return LIKENESS[likeness(rank)]


def one_of(pole_name: str) -> Text:
    """Returns what a picture of a pole shows whose garment has no name: "a casual garment"."""
    english, japanese = pole(pole_name)
    return f"{'an' if english[:1].lower() in 'aeiou' else 'a'} {english} garment", f"{japanese}の服"
