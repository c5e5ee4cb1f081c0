// The live wardrobe: one garment, and sliders that each move it straight across a plane, or from or to the middle.

const USUAL_NORM = Math.sqrt(100 / 3); // Of a latent as training drew them.

class Wardrobe {
  constructor(section, generator, planes) {
    this.section = section;
    this.generator = generator;
    this.planes = planes;
    this.canvas = section.querySelector("canvas");
    this.canvas.width = this.canvas.height = generator.side;
    this.sliders = [...section.querySelectorAll("input[type=range]")];
    this.watchers = [];
    for (const slider of this.sliders) slider.addEventListener("input", () => this.move(slider));
    section.querySelector("#surprise").addEventListener("click", () => this.surprise());
    section.querySelector("#reset").addEventListener("click", () => this.wear(this.worn));
    document.addEventListener("languagechange", () => this.latent && this.describe());
  }

  // A slider moves the garment from where it was when the slider was first touched, so that it also leads back there.
  move(slider) {
    if (this.moving !== slider) {
      this.moving = slider;
      this.from = this.latent;
    }
    this.latent = this.moved(this.from, slider);
    this.draw();
  }

  moved(latent, slider) {
    const share = Number(slider.value) / Number(slider.max);
    if (slider.dataset.plane === undefined) return atNorm(latent, (0.4 + share * 1.2) * USUAL_NORM);
    const plane = this.planes[Number(slider.dataset.plane)];
    return nearestAtDistance(latent, plane, plane.low + share * (plane.high - plane.low));
  }

  placeOf(slider) {
    if (slider.dataset.plane === undefined) return (norm(this.latent) / USUAL_NORM - 0.4) / 1.2;
    const plane = this.planes[Number(slider.dataset.plane)];
    return (signedDistance(this.latent, plane) - plane.low) / (plane.high - plane.low);
  }

  // Shows a garment, to which the reset button leads back.
  wear(latent) {
    this.worn = Array.from(latent);
    this.show(this.worn);
  }

  show(latent) {
    this.moving = null;
    this.latent = latent;
    this.draw();
  }

  // Another garment at the same place between the poles.
  surprise() {
    const first = this.sliders.find((slider) => slider.dataset.plane === "0");
    this.show(Array.from(first ? this.moved(randomLatent(), first) : randomLatent()));
  }

  draw() {
    for (const slider of this.sliders) {
      if (slider !== this.moving) slider.value = String(Math.round(this.placeOf(slider) * Number(slider.max)));
    }
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      paint(this.canvas, this.generator.render(this.latent));
    });
    this.describe();
    for (const watch of this.watchers) watch();
  }

  describe() {
    for (const slider of this.sliders) {
      const share = Number(slider.value) / Number(slider.max);
      const nearer = share < 0.45 ? "first" : share > 0.55 ? "second" : null;
      const ends = slider.closest(".way");
      const end = nearer && ends.querySelector(`.${nearer} [lang=${language()}]`).textContent;
      const middle = inWords({ en: "in the middle", ja: "真ん中" });
      slider.setAttribute("aria-valuetext", nearer ? inWords({ en: `nearer to ${end}`, ja: `${end}寄り` }) : middle);
    }
  }
}

function paint(canvas, pixels) {
  const side = Math.sqrt(pixels.length / 3);
  const image = new ImageData(side, side);
  for (let i = 0, from = 0; i < image.data.length; i += 4, from += 3) {
    image.data[i] = pixels[from];
    image.data[i + 1] = pixels[from + 1];
    image.data[i + 2] = pixels[from + 2];
    image.data[i + 3] = 255;
  }
  canvas.width = canvas.height = side;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
