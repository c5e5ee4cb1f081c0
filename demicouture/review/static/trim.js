// One picture in large with its square; the square is the person's as soon as it is moved.

const QUIET = 120; // Milliseconds after a nudge, before it is written and cut.

class Trim {
  constructor(server, entries, closed) {
    Object.assign(this, { server, closed });
    this.section = document.querySelector("#trim");
    this.whole = document.querySelector("#whole");
    this.square = document.querySelector("#square");
    this.result = document.querySelector("#result");
    this.state = document.querySelector("#trim-state");
    this.number = null;
    this.whole.addEventListener("load", () => this.draw());
    addEventListener("resize", () => this.fit());
    this.listen();
  }

  get isOpen() {
    return !this.section.hidden;
  }

  async open(number) {
    if (number === undefined) return;
    let facts;
    try {
      facts = await this.server.get(`square/${number}`);
    } catch {
      say({ en: "There is nothing to trim: the file cannot be used", ja: "使えないファイルなので、トリミングできません" });
      return;
    }
    this.number = number;
    this.facts = facts;
    this.box = asSquare(facts.box ?? facts.rule);
    document.querySelector("#cull").hidden = true;
    this.section.hidden = false;
    this.whole.src = `picture/${number}`;
    this.fit();
    this.show();
    this.square.focus({ preventScroll: true });
  }

  close() {
    this.flush();
    this.section.hidden = true;
    cull.wall.goTo(this.number);
    this.closed();
  }

  step(by) {
    this.flush();
    const { items } = cull.wall;
    const next = items[items.indexOf(this.number) + by];
    if (next !== undefined) this.open(next);
  }

  get mine() {
    return Boolean(cull.entries.get(this.number)?.box);
  }

  // Takes another square; it is written a moment after the last change.
  put([left, top, side]) {
    side = Math.max(8, Math.round(side));
    const most = 3 * Math.max(this.facts.width, this.facts.height);
    side = Math.min(side, most);
    // Part of the picture stays in the square.
    left = Math.min(Math.max(Math.round(left), 1 - side), this.facts.width - 1);
    top = Math.min(Math.max(Math.round(top), 1 - side), this.facts.height - 1);
    this.box = [left, top, side];
    this.show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), QUIET);
    this.unsaved = true;
  }

  flush() {
    clearTimeout(this.timer);
    if (!this.unsaved) return;
    this.unsaved = false;
    this.server.post("trim", { number: this.number, box: asText(this.box) });
    this.cut();
  }

  toRules() {
    clearTimeout(this.timer);
    this.unsaved = false;
    this.box = asSquare(this.facts.rule);
    this.server.post("trim", { number: this.number, box: "" });
    this.show();
  }

  // Somebody, perhaps this page, changed some pictures' decisions or squares.
  take(changed) {
    if (!this.isOpen || !changed.has(this.number) || this.unsaved) return;
    const text = cull.entries.get(this.number).box;
    const box = text ? text.split(/[\s,;]+/).map(Number) : this.facts.rule;
    if (box.length === 4 && box.every(Number.isFinite)) this.box = asSquare(box);
    this.show();
  }

  show() {
    const [left, top, side] = this.box;
    document.querySelector("#box-left").value = left;
    document.querySelector("#box-top").value = top;
    document.querySelector("#box-side").value = side;
    const entry = cull.entries.get(this.number);
    document.querySelector("#trim-about").textContent = describe(entry);
    const whose = this.mine || this.unsaved ? { en: "your square", ja: "あなたの枠" } : { en: "the rule's square", ja: "ルールの枠" };
    const waits = this.mine && kindOf(entry) !== 0 ? { en: "; it counts once the picture is kept", ja: "（画像を残すと使われます）" } : { en: "", ja: "" };
    this.state.textContent = inWords({
      en: `${cull.facts.size}×${cull.facts.size}, ${whose.en}: left ${left}, top ${top}, side ${side}${waits.en}`,
      ja: `${cull.facts.size}×${cull.facts.size}・${whose.ja}：左${left}、上${top}、一辺${side}${waits.ja}`,
    });
    this.draw();
    if (!this.unsaved) this.cut();
  }

  // Makes the picture as large as there is room.
  fit() {
    if (!this.isOpen) return;
    const { width, height } = this.facts;
    const stage = document.querySelector("#stage");
    const style = getComputedStyle(stage);
    const room = stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    this.whole.style.width = `${Math.min(room, (innerHeight * (innerWidth < 720 ? 0.45 : 0.66) * width) / height)}px`;
    this.draw();
  }

  draw() {
    if (!this.isOpen || !this.whole.clientWidth) return;
    const scale = this.whole.clientWidth / this.facts.width;
    const [left, top, side] = this.box;
    Object.assign(this.square.style, {
      left: `${this.whole.offsetLeft + left * scale}px`,
      top: `${this.whole.offsetTop + top * scale}px`,
      width: `${side * scale}px`,
      height: `${side * scale}px`,
    });
  }

  // Asks for what preprocess.py would cut.
  cut() {
    const address = `result/${this.number}?box=${encodeURIComponent(asText(this.box))}`;
    if (this.result.getAttribute("src") !== address) this.result.src = address;
  }

  act(key, shift) {
    const [left, top, side] = this.box;
    const by = shift ? 10 : 1;
    const moves = {
      ArrowLeft: [left - by, top, side],
      ArrowRight: [left + by, top, side],
      ArrowUp: [left, top - by, side],
      ArrowDown: [left, top + by, side],
      "+": around(this.box, side + 2 * by),
      "=": around(this.box, side + 2 * by),
      ";": around(this.box, side + 2 * by), // Where + lies on a Japanese keyboard.
      "-": around(this.box, side - 2 * by),
      _: around(this.box, side - 20),
    };
    if (key in moves) this.put(moves[key]);
    else if (key === "0") this.toRules();
    else if (key === "[") this.step(-1);
    else if (key === "]") this.step(1);
    else if (key === "k" || key === "d") this.server.post("choose", { numbers: [this.number], decision: key === "k" ? "keep" : "drop" });
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  listen() {
    document.addEventListener("keydown", (event) => {
      if (!this.isOpen || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (this.act(keyOfEvent(event), event.shiftKey)) event.preventDefault();
    });
    for (const button of document.querySelectorAll("[data-trim]")) {
      button.addEventListener("click", () => this.act(button.dataset.trim, false));
    }
    ["left", "top", "side"].forEach((name, i) => {
      const input = document.querySelector(`#box-${name}`);
      input.addEventListener("change", () => {
        if (Number.isFinite(input.valueAsNumber)) this.put(this.box.map((value, j) => (i === j ? input.valueAsNumber : value)));
      });
    });
    document.querySelector("#stage").addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.put(around(this.box, this.box[2] * (event.deltaY < 0 ? 1.03 : 1 / 1.03)));
      },
      { passive: false },
    );
    this.square.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.square.focus({ preventScroll: true });
      this.square.setPointerCapture(event.pointerId);
      this.drag = { x: event.clientX, y: event.clientY, box: this.box, corner: event.target.dataset.corner };
    });
    this.square.addEventListener("pointermove", (event) => {
      if (!this.drag) return;
      const scale = this.facts.width / this.whole.clientWidth;
      const [x, y] = [(event.clientX - this.drag.x) * scale, (event.clientY - this.drag.y) * scale];
      const [left, top, side] = this.drag.box;
      const { corner } = this.drag;
      if (!corner) return this.put([left + x, top + y, side]);
      // The corner across stays where it is.
      const grow = ((corner.includes("e") ? x : -x) + (corner.includes("s") ? y : -y)) / 2;
      const size = Math.max(8, side + grow);
      this.put([corner.includes("w") ? left + side - size : left, corner.includes("n") ? top + side - size : top, size]);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.square.addEventListener(end, () => {
        this.drag = null;
        this.flush();
      });
    }
  }
}

// The square around a box, with the same centre, as left, top and side; the same arithmetic as preprocess.py's.
function asSquare([left, top, right, bottom]) {
  const side = Math.max(right - left, bottom - top);
  return [left - Math.floor((side - (right - left)) / 2), top - Math.floor((side - (bottom - top)) / 2), side];
}

function asText([left, top, side]) {
  return [left, top, left + side, top + side].join(" ");
}

function around([left, top, side], wanted) {
  const size = Math.max(8, Math.round(wanted));
  return [left + Math.round((side - size) / 2), top + Math.round((side - size) / 2), size];
}
