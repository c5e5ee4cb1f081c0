// A wall of many pictures, of which only those in sight are in the page; one is current, and a range may be chosen.

const BEYOND = 2; // Rows above and below what is in sight, so that they are there when they come.

class Wall {
  // tile: its width and height in pixels; draw(element, item): fills a tile, which may have shown another item;
  // moved(): the current item or the range is another one.
  constructor(element, { tile, draw, moved }) {
    Object.assign(this, { element, tile, draw, moved });
    this.items = [];
    this.current = this.anchor = 0;
    this.inner = document.createElement("div");
    this.inner.className = "wall-inner";
    this.inner.setAttribute("role", "presentation");
    element.append(this.inner);
    this.shown = new Map(); // The tile of each place in sight.
    this.spare = [];
    let asked = false;
    element.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        this.render();
      });
    });
    new ResizeObserver(() => this.measure()).observe(element);
    element.addEventListener("keydown", (event) => this.onKey(event));
    element.addEventListener("pointerdown", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && event.button === 0) this.go(Number(option.dataset.place), event.shiftKey);
    });
    this.measure();
  }

  get item() {
    return this.items[this.current];
  }

  get range() {
    return [Math.min(this.anchor, this.current), Math.max(this.anchor, this.current)];
  }

  get chosen() {
    const [first, last] = this.range;
    return this.items.slice(first, last + 1);
  }

  // Shows other items; the current one stays current where it is among them.
  setItems(items) {
    const item = this.item;
    this.items = items;
    this.current = this.anchor = Math.max(0, items.indexOf(item));
    for (const place of [...this.shown.keys()]) this.drop(place);
    this.measure();
    this.bring();
    this.moved();
  }

  measure() {
    const width = this.element.clientWidth;
    this.columns = Math.max(1, Math.floor(width / this.tile.width));
    this.inner.style.height = `${Math.ceil(this.items.length / this.columns) * this.tile.height}px`;
    this.left = Math.floor((width - this.columns * this.tile.width) / 2);
    this.render();
  }

  render() {
    const { columns, items } = this;
    const top = Math.floor(this.element.scrollTop / this.tile.height) - BEYOND;
    const rows = Math.ceil(this.element.clientHeight / this.tile.height) + 1 + 2 * BEYOND;
    const first = Math.max(0, top * columns);
    const last = Math.min(items.length, (top + rows) * columns);
    for (const place of [...this.shown.keys()]) if (place < first || place >= last) this.drop(place);
    const fresh = [];
    for (let place = first; place < last; place++) {
      let tile = this.shown.get(place);
      if (!tile) {
        tile = this.spare.pop() ?? this.make();
        tile.hidden = false;
        if (!tile.isConnected) fresh.push(tile);
        this.shown.set(place, tile);
        tile.dataset.place = place;
        tile.id = `place-${place}`;
        tile.setAttribute("aria-setsize", items.length);
        tile.setAttribute("aria-posinset", place + 1);
        this.draw(tile, items[place]);
      }
      const x = this.left + (place % columns) * this.tile.width;
      tile.style.transform = `translate(${x}px, ${Math.floor(place / columns) * this.tile.height}px)`;
      this.mark(tile, place);
    }
    this.inner.append(...fresh);
    for (const tile of this.spare.splice(60)) tile.remove();
    if (items.length) this.element.setAttribute("aria-activedescendant", `place-${this.current}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  make() {
    const tile = document.createElement("div");
    tile.className = "tile";
    tile.setAttribute("role", "option");
    return tile;
  }

  drop(place) {
    const tile = this.shown.get(place);
    this.shown.delete(place);
    tile.hidden = true;
    tile.removeAttribute("id");
    this.spare.push(tile);
  }

  mark(tile, place) {
    const [first, last] = this.range;
    tile.setAttribute("aria-selected", String(place >= first && place <= last));
    tile.classList.toggle("current", place === this.current);
  }

  // Draws an item anew where it is in sight.
  redraw(items) {
    for (const [place, tile] of this.shown) if (items.has(this.items[place])) this.draw(tile, this.items[place]);
  }

  redrawAll() {
    for (const [place, tile] of this.shown) this.draw(tile, this.items[place]);
  }

  go(place, extending = false) {
    this.current = Math.min(Math.max(place, 0), Math.max(0, this.items.length - 1));
    if (!extending) this.anchor = this.current;
    this.bring();
    this.moved();
  }

  goTo(item) {
    const place = this.items.indexOf(item);
    if (place >= 0) this.go(place);
    return place >= 0;
  }

  chooseAll() {
    this.anchor = 0;
    this.current = Math.max(0, this.items.length - 1);
    this.render();
    this.moved();
  }

  // Scrolls so far that the current item is in sight.
  bring() {
    const y = Math.floor(this.current / this.columns) * this.tile.height;
    const { scrollTop, clientHeight } = this.element;
    if (y < scrollTop) this.element.scrollTop = y;
    else if (y + this.tile.height > scrollTop + clientHeight) this.element.scrollTop = y + this.tile.height - clientHeight;
    this.render();
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
        event.preventDefault();
        this.chooseAll();
      }
      return;
    }
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.tile.height)) * this.columns;
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -this.columns,
      ArrowDown: this.columns,
      PageUp: -page,
      PageDown: page,
      Home: -this.items.length,
      End: this.items.length,
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    this.go(this.current + step, event.shiftKey);
  }
}
