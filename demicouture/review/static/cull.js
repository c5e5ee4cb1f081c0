// The wall of scraped pictures: filters, decisions, and what preprocess.py would make of them.

const KINDS = [
  { en: "kept", ja: "残す" },
  { en: "dropped", ja: "外す" },
  { en: "waiting for you", ja: "判断待ち" },
];
const DECISIONS = {
  keep: { en: "you: keep", ja: "あなた：残す", kind: 0 },
  drop: { en: "you: drop", ja: "あなた：外す", kind: 1 },
  review: { en: "you: later", ja: "あなた：あとで", kind: 2 },
  other: { en: "you: other style", ja: "あなた：もう一方", kind: 0 },
};
const KEYS = { k: "keep", d: "drop", o: "other", r: "review", Backspace: "", Delete: "" };
const COLUMNS = ["number", "file", "pole", "kind", "reason", "style", "top", "decision", "box", "usable", "like"];

const cull = {
  entries: new Map(), // By number.
  facts: null,
  forecast: null,
  fates: new Map(), // What would change, by number.
  alikeTo: null, // The picture that the wall shows others like.
  wall: null,
  server: null,
  trim: null,
};
const field = (name) => document.querySelector(`#${name}`);

// What counts: the person's decision, or else what the last run made of it.
function kindOf(entry) {
  return DECISIONS[entry.decision]?.kind ?? entry.kind;
}

function drawTile(tile, number) {
  const entry = cull.entries.get(number);
  if (!tile.firstChild) {
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    image.addEventListener("load", () => tile.classList.remove("blank"));
    image.addEventListener("error", () => tile.classList.add("blank"));
    const mark = document.createElement("span");
    mark.className = "tile-mark";
    const words = document.createElement("span");
    words.className = "tile-words";
    tile.append(image, mark, words);
  }
  const [image, mark, words] = tile.children;
  if (Number(tile.dataset.number) !== number) {
    tile.dataset.number = number;
    tile.classList.add("blank");
    image.src = `thumbnail/${number}`;
  }
  const fate = cull.fates.get(number);
  const mine = DECISIONS[entry.decision];
  tile.dataset.kind = kindOf(entry);
  tile.classList.toggle("mine", Boolean(mine));
  mark.textContent = ["✓", "✕", "?"][kindOf(entry)] + (entry.decision === "other" ? "⇄" : "") + (entry.box ? "▢" : "");
  const would = fate && !mine && fate.kind !== entry.kind ? wouldBe(fate) : null;
  tile.classList.toggle("changes", Boolean(would));
  words.textContent = inWords(would ?? mine ?? cull.facts.reasons[entry.reason]) || inWords(KINDS[entry.kind]);
  tile.setAttribute("aria-label", describe(entry));
}

function wouldBe(fate) {
  return [
    { en: "would come in", ja: "入る見込み" },
    { en: "would go", ja: "外れる見込み" },
    { en: "would wait for you", ja: "判断待ちになる見込み" },
  ][fate.kind];
}

function describe(entry) {
  const { poles, reasons } = cull.facts;
  const parts = [inWords(poles[entry.pole]), inWords(DECISIONS[entry.decision] ?? KINDS[entry.kind])];
  const reason = inWords(reasons[entry.reason]);
  if (reason && !entry.decision) parts.push(reason);
  if (!entry.decision && cull.entries.has(entry.like)) {
    const other = cull.entries.get(entry.like).file;
    parts.push(inWords({ en: `compare ${other}`, ja: `比較：${other}` }));
  }
  if (entry.box) parts.push(inWords({ en: "your square", ja: "あなたの枠" }));
  const fate = cull.fates.get(entry.number);
  if (fate && fate.kind !== entry.kind && !entry.decision) {
    const why = inWords(fate.reason);
    parts.push(inWords(wouldBe(fate)) + (why ? `${inWords({ en: ": ", ja: "：" })}${why}` : ""));
  }
  parts.push(entry.file);
  return parts.join(inWords({ en: ", ", ja: "、" }));
}

// What is on the wall.

// Returns what an entry has to be; the fields are read once, not for each of 14,000.
function criteria() {
  const [pole, decision, reason, score] = ["by-pole", "by-decision", "by-reason", "score"].map((name) => field(name).value);
  const [low, high] = [field("low").valueAsNumber || 0, field("high").valueAsNumber];
  const scored = low > 0 || high < 100;
  const column = COLUMNS[Number(score)];
  const decisions = {
    "": () => true,
    mine: (entry) => entry.decision || entry.box,
    changes: ({ number, kind }) => cull.fates.has(number) && cull.fates.get(number).kind !== kind,
  };
  const decided = decisions[decision] ?? ((entry) => kindOf(entry) === Number(decision));
  const matches = (entry) =>
    (pole === "" || entry.pole === Number(pole)) &&
    (reason === "" || entry.reason === Number(reason)) &&
    (!scored || (entry[column] !== null && 100 * entry[column] >= low && 100 * entry[column] <= high)) &&
    decided(entry);
  return { matches, column };
}

function filter() {
  const order = field("order").value;
  if (order === "alike" && cull.alike) {
    cull.wall.setItems(cull.alike.filter((number) => cull.entries.has(number)));
  } else {
    const { matches, column } = criteria();
    const found = [...cull.entries.values()].filter(matches);
    const by = { up: (score) => score, down: (score) => -score, doubt: (score) => Math.abs(score - 0.5) }[order];
    if (by) {
      // What has no score comes last.
      const rank = (entry) => (entry[column] === null ? 2 : by(entry[column]));
      found.sort((one, other) => rank(one) - rank(other) || one.number - other.number);
    }
    cull.wall.setItems(found.map(({ number }) => number));
  }
  showShown();
}

function showShown() {
  const [count, all] = [cull.wall.items.length, cull.entries.size].map((number) => number.toLocaleString("en"));
  field("shown").textContent = inWords({ en: `${count} of ${all} are shown`, ja: `${all}枚のうち${count}枚を表示` });
}

async function showAlike() {
  if (field("order").value === "alike") {
    const from = cull.alikeTo;
    field("order").value = "file";
    filter();
    cull.wall.goTo(from);
    say({ en: "", ja: "" });
    return;
  }
  const number = cull.wall.item;
  if (number === undefined) return;
  try {
    cull.alike = await cull.server.get(`alike/${number}`);
  } catch {
    say({ en: "Nothing is known of this picture to compare it by", ja: "この画像は比べられません" });
    return;
  }
  cull.alikeTo = number;
  field("order").querySelector("[value=alike]").hidden = false;
  field("order").value = "alike";
  filter();
  cull.wall.go(0);
  say({ en: `The ${cull.alike.length} pictures most like it; M leads back`, ja: `似ている順に${cull.alike.length}枚（Mで戻る）` });
}

// What is said of all.

function showCounts() {
  const { poles, count } = cull.facts;
  const rows = poles.map((_, pole) => {
    const mine = [...cull.entries.values()].filter((entry) => (entry.decision === "other" ? 1 - entry.pole : entry.pole) === pole);
    const keep = mine.filter((entry) => DECISIONS[entry.decision]?.kind === 0).length;
    const drop = mine.filter((entry) => entry.decision === "drop").length;
    const waiting = mine.filter((entry) => kindOf(entry) === 2).length;
    const kept = cull.forecast?.kept?.[pole] ?? mine.filter((entry) => entry.kind === 0).length;
    return { pole, kept, keep, drop, waiting };
  });
  field("counts").replaceChildren(
    ...rows.map(({ pole, kept, keep, drop, waiting }) => {
      const group = document.createElement("div");
      const [name, number, more] = ["dt", "dd", "dd"].map((kind) => document.createElement(kind));
      name.textContent = inWords(poles[pole]);
      number.textContent = inWords({ en: `${kept} of ${count}`, ja: `${kept}／${count}枚` });
      number.className = kept < count ? "number short" : "number";
      more.className = "small";
      more.textContent = inWords({
        en: `yours: ${keep} kept, ${drop} dropped · ${waiting} waiting`,
        ja: `あなた：残す${keep}・外す${drop}、判断待ち${waiting}`,
      });
      group.append(name, number, more);
      return group;
    }),
  );
}

function showForecast() {
  const { forecast } = cull;
  let words = null;
  if (cull.pending || !forecast) words = { en: "Working out what preprocess.py would make of it …", ja: "preprocess.pyの結果を計算しています…" };
  else if (forecast.unknown) {
    words = {
      en: "What preprocess.py would make of it cannot be told yet: its features.jsonl is of an older version; the next run after a choice of yours renews it",
      ja: "preprocess.pyの結果はまだ計算できません。features.jsonlが古い版のものです。何か判断したあとに実行すると、新しくなります",
    };
  } else if (forecast.fault) words = { en: `preprocess.py would stop: ${forecast.fault}`, ja: `preprocess.pyは止まります：${forecast.fault}` };
  else {
    const moved = forecast.changes.filter(([number, kind]) => cull.entries.has(number) && cull.entries.get(number).kind !== kind);
    const came = moved.filter(([, kind]) => kind === 0).length;
    const went = moved.filter(([number]) => cull.entries.get(number).kind === 0).length;
    const [lastCame, lastWent] = forecast.last;
    const last = lastCame || lastWent ? { en: ` (by the last choices: ${lastCame} in, ${lastWent} out)`, ja: `（直前の判断で：入る${lastCame}・外れる${lastWent}）` } : { en: "", ja: "" };
    words = came || went
      ? { en: `Run now, preprocess.py would take ${came} in and ${went} out${last.en}`, ja: `いまpreprocess.pyを実行すると、${came}枚が入り、${went}枚が外れます${last.ja}` }
      : { en: `Run now, preprocess.py would change nothing${last.en}`, ja: `いまpreprocess.pyを実行しても、何も変わりません${last.ja}` };
  }
  if (field("forecast").textContent !== inWords(words)) field("forecast").textContent = inWords(words);
}

function showAbout() {
  const { wall } = cull;
  const count = wall.chosen.length;
  const entry = cull.entries.get(wall.item);
  if (!entry) field("about").textContent = inWords({ en: "Nothing to show with this filter", ja: "この条件に合う画像はありません" });
  else if (count > 1) field("about").textContent = inWords({ en: `${count} pictures are chosen`, ja: `${count}枚を選んでいます` });
  else {
    const percent = (score) => `${Math.round(100 * score)}%`;
    const style = entry.style === null ? "" : inWords({ en: ` · like ${cull.facts.poles[1].en}: ${percent(entry.style)}`, ja: `・${cull.facts.poles[1].ja}らしさ：${percent(entry.style)}` });
    const top = entry.top === null ? "" : inWords({ en: ` · a top: ${percent(entry.top)}`, ja: `・トップスらしさ：${percent(entry.top)}` });
    field("about").textContent = `${describe(entry)}${style}${top}`;
  }
}

// Decisions.

async function decide(decision) {
  const numbers = cull.wall.chosen;
  if (!numbers.length) return;
  if (numbers.length > 1) say({ en: "…", ja: "…" });
  const one = numbers.length === 1;
  const entry = cull.entries.get(numbers[0]);
  if (one) cull.wall.go(cull.wall.current + 1);
  const answer = await cull.server.post("choose", { numbers, decision });
  if (answer === null && one) cull.wall.goTo(numbers[0]); // Here it goes on.
  if (!answer) return;
  const name = one ? entry.file : inWords({ en: `${numbers.length} pictures`, ja: `${numbers.length}枚` });
  const kind = DECISIONS[one ? entry.decision : decision] ?? { en: "left to the rules", ja: "ルールに任せる" };
  const vain = one && !entry.usable && kind.kind === 0;
  say({
    en: `${kind.en.replace("you: ", "")}: ${name}${vain ? " (the file cannot be used, so it stays dropped)" : ""}`,
    ja: `${kind.ja.replace("あなた：", "")}：${name}${vain ? "（使えないファイルなので、外れたままです）" : ""}`,
  });
}

function act(key) {
  if (key in KEYS) decide(KEYS[key]);
  else if (key === "m") showAlike();
  else if (key === "t" || key === "Enter") cull.trim.open(cull.wall.item);
  else if (key === "f") filter();
  else return false;
  return true;
}

// What the server tells.

async function load() {
  const facts = await cull.server.get("entries");
  cull.facts = {
    ...facts,
    poles: facts.poles.map(([, en, ja]) => ({ en, ja })),
    reasons: facts.reasons.map(([en, ja]) => ({ en, ja })),
  };
  cull.entries = new Map(
    facts.entries.map((values) => [values[0], Object.fromEntries(COLUMNS.map((name, i) => [name, values[i]]))]),
  );
  const { version, edition, merges } = facts;
  Object.assign(cull.server.state, { version, edition, merges, forecasts: -1 });
  nameReasons();
  filter();
  showCounts();
}

function nameReasons() {
  const counts = new Map();
  for (const { reason } of cull.entries.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const chosen = field("by-reason").value;
  field("by-reason").replaceChildren(new Option(inWords({ en: "all", ja: "すべて" }), ""));
  for (const [reason, count] of [...counts].sort((one, other) => other[1] - one[1])) {
    const words = inWords(cull.facts.reasons[reason]) || inWords({ en: "nothing wrong", ja: "問題なし" });
    field("by-reason").append(new Option(`${words} (${count})`, reason));
  }
  field("by-reason").value = chosen;
}

function take(answer) {
  const changed = new Set();
  for (const [number, decision, box] of answer.changed) {
    const entry = cull.entries.get(number);
    if (!entry) continue;
    Object.assign(entry, { decision, box });
    changed.add(number);
  }
  cull.pending = answer.pending;
  if (answer.forecast) {
    cull.forecast = answer.forecast;
    if (answer.forecast.changes) {
      const reasons = answer.forecast.reasons.map(([en, ja]) => ({ en, ja }));
      cull.fates = new Map(answer.forecast.changes.map(([number, kind, reason, like]) => [number, { kind, reason: reasons[reason], like }]));
      cull.wall.redrawAll();
    }
  }
  showForecast();
  if (changed.size || answer.forecast) showCounts();
  if (changed.size) {
    cull.wall.redraw(changed);
    cull.trim.take(changed);
  }
  showAbout();
}

function startCull() {
  if (innerWidth < 720) field("filters").open = false; // The wall needs the room.
  const wall = field("wall");
  cull.server = new Server(take, load);
  cull.trim = new Trim(cull.server, cull.entries, () => {
    field("cull").hidden = false;
    cull.wall.measure();
    cull.wall.element.focus();
  });
  cull.wall = new Wall(wall, { tile: { width: 148, height: 172 }, draw: drawTile, moved: showAbout });
  startDesk(cull.server, (answer, which) => {
    tellTurn(answer, which);
    if (!answer.at.length) return;
    if (!field("cull").hidden) cull.wall.goTo(answer.at[0]);
    else cull.trim.open(answer.at[0]);
  });
  for (const name of ["by-pole", "by-decision", "by-reason", "score", "low", "high", "order"]) {
    field(name).addEventListener("change", () => {
      if (name !== "order" && field("order").value === "alike") field("order").value = "file"; // All of that kind, again.
      filter();
    });
  }
  field("again").addEventListener("click", filter);
  for (const button of document.querySelectorAll("[data-key]")) {
    button.addEventListener("click", () => {
      act(button.dataset.key);
      if (!field("cull").hidden) wall.focus({ preventScroll: true });
    });
  }
  document.addEventListener("keydown", (event) => {
    if (field("cull").hidden || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    // Enter on a button is the button's.
    if (event.key === "Enter" && event.target.closest("button, summary")) return;
    if (act(keyOfEvent(event))) event.preventDefault();
  });
  wall.addEventListener("dblclick", () => act("t"));
  document.addEventListener("languagechange", () => {
    if (!cull.facts) return;
    nameReasons();
    cull.wall.redrawAll();
    showCounts();
    showForecast();
    showShown();
    showAbout();
  });
  load().then(() => {
    wall.focus({ preventScroll: true });
    cull.server.look();
    cull.server.watch();
  }, (error) => cull.server.fail(error));
}

startCull();
