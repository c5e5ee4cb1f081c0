// A row of frames, which a slider runs through: by pointer on the picture, or by arrow keys.
// Without this script all frames stand side by side.

const FINE = 6; // Places from one frame to the next, where the generator draws what is between them.

class Frames {
  // drawBetween(i, share): a canvas of what is between frame i and the next one; null where there are frames only.
  constructor(figure, drawBetween) {
    this.figure = figure;
    this.frames = [...figure.querySelectorAll(".frame")];
    this.slider = figure.querySelector("input[type=range]");
    this.stage = figure.querySelector(".stage");
    this.drawBetween = drawBetween;
    this.fine = drawBetween ? FINE : 1;
    this.slider.max = String((this.frames.length - 1) * this.fine);
    this.slider.value = figure.dataset.start === "last" ? this.slider.max : "0";
    this.watchers = [];
    figure.classList.add("running");
    this.slider.addEventListener("input", () => this.show());
    this.startDragging();
    this.startPlaying();
    document.addEventListener("languagechange", () => this.describe());
    this.show();
  }

  get place() {
    return Number(this.slider.value) / this.fine;
  }

  set place(value) {
    const steps = Math.round(value * this.fine);
    if (steps === Number(this.slider.value)) return;
    this.slider.value = String(steps);
    this.show();
  }

  show() {
    const whole = Math.floor(this.place);
    const share = this.place - whole;
    this.frames.forEach((frame, i) => frame.classList.toggle("now", share === 0 && i === whole));
    this.stage.querySelector("canvas")?.remove();
    if (share) this.stage.append(this.drawBetween(whole, share));
    this.describe();
    for (const watch of this.watchers) watch();
  }

  describe() {
    const frame = this.frames[Math.round(this.place)];
    const label = frame.dataset[language()];
    this.slider.setAttribute("aria-valuetext", label);
    this.figure.querySelector("output").textContent = label;
  }

  startDragging() {
    const follow = (event) => {
      const box = this.stage.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      this.place = share * (this.frames.length - 1);
    };
    this.stage.addEventListener("pointerdown", (event) => {
      this.stage.setPointerCapture(event.pointerId);
      event.preventDefault();
      this.slider.focus({ preventScroll: true });
      follow(event);
    });
    this.stage.addEventListener("pointermove", (event) => {
      if (this.stage.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  startPlaying() {
    const button = this.figure.querySelector(".play");
    let timer = null;
    const stop = () => {
      clearInterval(timer);
      timer = null;
      button.setAttribute("aria-pressed", "false");
    };
    button.addEventListener("click", () => {
      if (timer) return stop();
      if (this.slider.value === this.slider.max) this.place = 0;
      button.setAttribute("aria-pressed", "true");
      timer = setInterval(() => {
        if (this.slider.value === this.slider.max) stop();
        else this.place += 1 / this.fine;
      }, this.fine > 1 ? 90 : 500);
    });
    this.stage.addEventListener("pointerdown", stop);
    this.slider.addEventListener("input", stop);
  }
}
