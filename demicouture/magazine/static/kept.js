// What a heart keeps: latents, which generate.py --latents and interpolate.py --latents read back.

function keyOf(latent) {
  return btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(latent).buffer)));
}

class Kept {
  // draw(latent): a canvas or a picture of it; wear(latent): shows it in the wardrobe, or null where there is none.
  constructor(edition, draw, wear) {
    this.name = `kept:${edition}`;
    this.draw = draw;
    this.pictures = new Map(); // Each is drawn once.
    this.wear = wear;
    this.keys = (memory.get(this.name) ?? "").split(" ").filter(Boolean);
    this.list = document.querySelector("#kept-list");
    document.querySelector("#download").addEventListener("click", () => this.download());
    document.addEventListener("languagechange", () => this.show());
  }

  has(latent) {
    return this.keys.includes(keyOf(latent));
  }

  toggle(latent) {
    const key = keyOf(latent);
    this.keys = this.keys.includes(key) ? this.keys.filter((other) => other !== key) : [...this.keys, key];
    memory.set(this.name, this.keys.join(" "));
    this.show();
    document.dispatchEvent(new Event("keptchange"));
  }

  get latents() {
    return this.keys.map((key) => Array.from(floatsOf(key)));
  }

  download() {
    const content = JSON.stringify({ latents: this.latents });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
    link.download = "kept.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  show() {
    const count = this.keys.length;
    document.querySelector("#kept").classList.toggle("empty", count === 0);
    document.querySelector("#download").disabled = count === 0;
    for (const place of document.querySelectorAll("[data-kept-count]")) place.textContent = String(count);
    this.list.replaceChildren(
      ...this.latents.map((latent, i) => {
        const item = document.createElement("li");
        const key = this.keys[i];
        const picture = this.pictures.get(key) ?? this.draw(latent);
        this.pictures.set(key, picture);
        const label = inWords({ en: `Kept garment ${i + 1}`, ja: `お気に入り${i + 1}` });
        picture.setAttribute("role", "img");
        picture.setAttribute("aria-label", label);
        item.append(picture);
        if (this.wear) item.append(textButton({ en: "Try it in the wardrobe", ja: "ワードローブで試す" }, label, () => this.wear(latent)));
        item.append(textButton({ en: "Remove", ja: "外す" }, label, () => this.toggle(latent)));
        return item;
      }),
    );
  }
}

function textButton(words, about, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = inWords(words);
  button.setAttribute("aria-label", `${inWords(words)}: ${about}`);
  button.addEventListener("click", act);
  return button;
}

// Makes a heart keep what latentOf() returns at the moment of the click.
function startHeart(button, kept, latentOf) {
  const show = () => button.setAttribute("aria-pressed", String(kept.has(latentOf())));
  button.hidden = false;
  button.addEventListener("click", () => kept.toggle(latentOf()));
  document.addEventListener("keptchange", show);
  show();
  return show;
}
