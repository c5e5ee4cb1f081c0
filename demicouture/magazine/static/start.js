// Starts everything, once the page is there. `demicouture` is for tests, and for the curious in a browser's console.

const demicouture = {};

function readFacts() {
  const facts = JSON.parse(document.querySelector("#facts").textContent);
  for (const name of Object.keys(facts.latents)) {
    const { width, values } = facts.latents[name];
    const flat = floatsOf(values);
    facts.latents[name] = Array.from({ length: flat.length / width }, (_, i) =>
      Array.from(flat.subarray(i * width, (i + 1) * width)),
    );
  }
  for (const plane of facts.planes) plane.normal = Array.from(floatsOf(plane.normal));
  return facts;
}

function start() {
  startLanguage();
  startTheme();
  const facts = readFacts();
  const { book = [], strip = null } = facts.latents;
  const generator =
    facts.network && new Generator(facts.network, bytesOf(document.querySelector("#weights").textContent.trim()).buffer);
  const picture = (latent) => paint(document.createElement("canvas"), generator.render(latent));

  // Without a generator only what has a picture can be kept.
  const stripFrames = [...document.querySelectorAll("#strip .frame")];
  const known = new Map();
  book.forEach((latent, i) => known.set(keyOf(latent), document.querySelector(`#garment-${i + 1} img`)));
  strip?.forEach((latent, i) => known.set(keyOf(latent), stripFrames[i]?.querySelector("img")));
  const copy = (latent) => known.get(keyOf(latent))?.cloneNode() ?? document.createElement("canvas");

  const section = document.querySelector("#wardrobe");
  const wardrobe = generator && section ? new Wardrobe(section, generator, facts.planes) : null;
  const wear = wardrobe && ((latent) => {
    wardrobe.wear(latent);
    section.scrollIntoView();
    wardrobe.sliders[0].focus({ preventScroll: true });
  });
  const kept = new Kept(facts.edition, generator ? picture : copy, wear);

  for (const button of document.querySelectorAll("[data-heart]")) {
    const latent = book[Number(button.dataset.heart) - 1];
    if (latent) startHeart(button, kept, () => latent);
  }
  for (const button of document.querySelectorAll("[data-wear]")) {
    const latent = book[Number(button.dataset.wear) - 1];
    if (!wear || !latent) continue;
    button.hidden = false;
    button.addEventListener("click", () => wear(latent));
  }
  for (const figure of document.querySelectorAll(".frames")) {
    const isStrip = figure.id === "strip";
    const at = (i, share) => (share ? between(strip[i], strip[i + 1], share) : strip[i]);
    const frames = new Frames(figure, isStrip && generator && strip ? (i, share) => picture(at(i, share)) : null);
    if (!isStrip) continue;
    demicouture.strip = frames;
    if (!strip) continue;
    const latentNow = () => at(Math.floor(frames.place), frames.place % 1);
    frames.watchers.push(startHeart(figure.querySelector(".heart"), kept, latentNow));
  }
  if (wardrobe) {
    wardrobe.wear(book[Number(section.dataset.first) - 1] ?? nearestAtDistance(randomLatent(), facts.planes[0], 0));
    wardrobe.watchers.push(startHeart(section.querySelector(".heart"), kept, () => wardrobe.latent));
  }
  drawRelatives(facts, book, generator && picture);
  kept.show();
  Object.assign(demicouture, { facts, generator, wardrobe, kept, turntable: startTurning() });
}

// A garment from the plane itself has no two ends; it is shown as it would be towards either side.
function drawRelatives(facts, book, picture) {
  const plane = facts.planes.find(({ name }) => name === "");
  for (const place of document.querySelectorAll("[data-towards]")) {
    const latent = book[Number(place.dataset.of) - 1];
    if (!picture || !plane || !latent) continue;
    const distance = 0.6 * (place.dataset.towards === "first" ? plane.low : plane.high);
    const draw = () => place.replaceChildren(picture(nearestAtDistance(latent, plane, distance)));
    place.closest(".relatives").hidden = false;
    if (window.requestIdleCallback) requestIdleCallback(draw);
    else setTimeout(draw);
  }
}

document.documentElement.classList.add("scripted");
start();
