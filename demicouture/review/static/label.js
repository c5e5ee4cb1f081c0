// Labelling designs: one after another, or on a wall.

const NEITHER = "none";
const LAST = 10; // Labelled designs that stay in sight.
const AHEAD = 4; // Pictures that are fetched before they are shown.

const desk = {
  direction: "",
  directions: new Map(), // Of each name: the two words as they are written, and as they are said.
  labels: [], // By number of the design.
  order: [], // The most instructive first.
  queue: [], // Still to be looked at; the first is shown.
  sent: new Set(), // Numbers whose label is on its way.
  skipped: [],
  guesses: null,
  given: [], // The numbers labelled in this sitting, in order.
  begun: null,
  server: null,
  wall: null,
};
const field = (name) => document.querySelector(`#${name}`);

function designName(number) {
  return `design-${String(number).padStart(4, "0")}`;
}

function labelWords(label) {
  if (!label) return "";
  if (label === NEITHER) return inWords({ en: "neither", ja: "どちらでもない" });
  const { words, said } = desk.directions.get(desk.direction);
  const which = words.indexOf(label);
  return which < 0 ? label : inWords(said[which]);
}

function whichOf(label) {
  if (!label) return -1;
  if (label === NEITHER) return 2;
  return desk.directions.get(desk.direction).words.indexOf(label);
}

// One after another.

function refill() {
  const now = desk.queue[0];
  const seen = new Set([...desk.skipped, ...desk.sent]);
  const rest = desk.order.filter((number) => !desk.labels[number] && !seen.has(number) && number !== now);
  const ordered = new Set(desk.order);
  for (let number = 0; number < desk.labels.length; number++) {
    if (!ordered.has(number) && !desk.labels[number] && !seen.has(number) && number !== now) rest.push(number);
  }
  // What is being looked at stays.
  desk.queue = now === undefined ? rest : [now, ...rest];
}

function showOne() {
  const number = desk.queue[0];
  const image = field("design");
  image.hidden = number === undefined;
  for (const button of document.querySelectorAll("#one button")) button.disabled = number === undefined;
  field("guess").textContent = "";
  if (number === undefined) {
    image.removeAttribute("src");
    field("design-name").textContent = inWords({ en: "All designs have a label of yours.", ja: "すべてのデザインにラベルが付きました。" });
    field("given").textContent = "";
    return;
  }
  const address = `picture/${number}`;
  if (image.getAttribute("src") !== address) image.src = address;
  image.alt = inWords({ en: `Design ${number}`, ja: `デザイン${number}` });
  field("design-name").textContent = designName(number);
  const label = labelWords(desk.labels[number]);
  field("given").textContent = label ? inWords({ en: `yours: ${label}`, ja: `あなた：${label}` }) : "";
  for (const next of desk.queue.slice(1, 1 + AHEAD)) new Image().src = `picture/${next}`;
}

async function labelOne(which) {
  const number = desk.queue[0];
  if (number === undefined) return;
  if (which >= 0) {
    desk.sent.add(number);
    desk.queue.shift();
    showOne();
  }
  const answer = await send([number], which);
  desk.sent.delete(number);
  if (answer === null) desk.queue = [number, ...desk.queue.filter((other) => other !== number)]; // Here it goes on.
  if (!answer) {
    refill();
    showOne();
  }
}

function skip() {
  if (desk.queue.length < 2) return;
  desk.skipped.push(desk.queue.shift());
  showOne();
}

async function send(numbers, which) {
  const answer = await desk.server.post("label", { numbers, label: which });
  if (!answer) return answer;
  desk.begun ??= Date.now();
  for (const number of numbers) {
    desk.given = desk.given.filter((other) => other !== number);
    if (which >= 0) desk.given.push(number);
  }
  const word = which < 0 ? inWords({ en: "no label", ja: "ラベルなし" }) : labelWords([...desk.directions.get(desk.direction).words, NEITHER][which]);
  const what = numbers.length === 1 ? designName(numbers[0]) : inWords({ en: `${numbers.length} designs`, ja: `${numbers.length}枚` });
  say({ en: `${word}: ${what}`, ja: `${word}：${what}` });
  showLast();
  showProgress();
  return answer;
}

async function guessOne() {
  const number = desk.queue[0];
  if (number === undefined) return;
  const [label, score] = await desk.server.get(`guess/${number}`);
  if (number === desk.queue[0]) field("guess").textContent = describeGuess(label, score);
}

function shortGuess(label, score) {
  if (score === null) return inWords({ en: "no guess", ja: "予想なし" });
  const { words, said } = desk.directions.get("");
  const which = words.indexOf(label);
  const name = which < 0 ? inWords({ en: "unsure", ja: "迷っている" }) : inWords(said[which]);
  return inWords({ en: `guess: ${name}`, ja: `予想：${name}` });
}

function describeGuess(label, score) {
  if (score === null) return inWords({ en: "the classifier says nothing", ja: "分類器の予想はありません" });
  const { words, said } = desk.directions.get("");
  const which = words.indexOf(label);
  const name = which < 0 ? inWords({ en: "unsure", ja: "迷っている" }) : inWords(said[which]);
  const percent = Math.round(100 * score);
  return inWords({ en: `classifier: ${name} (${said[1].en} ${percent}%)`, ja: `分類器：${name}（${said[1].ja} ${percent}%）` });
}

function showLast() {
  field("last").replaceChildren(
    ...desk.given.slice(-LAST).reverse().map((number) => {
      const item = document.createElement("li");
      const image = document.createElement("img");
      image.src = `picture/${number}`;
      image.alt = designName(number);
      const words = document.createElement("span");
      words.textContent = labelWords(desk.labels[number]);
      item.dataset.which = whichOf(desk.labels[number]);
      item.append(image, words);
      return item;
    }),
  );
}

function showProgress() {
  const { words, said } = desk.directions.get(desk.direction);
  const count = (label) => desk.labels.filter((other) => other === label).length;
  const [first, second, neither] = [count(words[0]), count(words[1]), count(NEITHER)];
  const minutes = (Date.now() - (desk.begun ?? Date.now())) / 60000;
  const speed = desk.given.length > 5 && minutes > 0 ? Math.round(desk.given.length / minutes) : 0;
  field("progress").textContent = inWords({
    en: `${first + second + neither} of ${desk.labels.length} labelled by you: ${first} ${said[0].en}, ${second} ${said[1].en}, ${neither} neither${speed ? ` · ${speed} a minute` : ""}`,
    ja: `${desk.labels.length}枚中${first + second + neither}枚にラベル：${said[0].ja}${first}・${said[1].ja}${second}・どちらでもない${neither}${speed ? `（毎分${speed}枚）` : ""}`,
  });
}

// On a wall.

function drawTile(tile, number) {
  if (!tile.firstChild) {
    const image = document.createElement("img");
    image.alt = "";
    image.addEventListener("load", () => tile.classList.remove("blank"));
    const words = document.createElement("span");
    words.className = "tile-words";
    tile.append(image, words);
  }
  const [image, words] = tile.children;
  if (Number(tile.dataset.number) !== number) {
    tile.dataset.number = number;
    tile.classList.add("blank");
    image.src = `picture/${number}`;
  }
  const label = labelWords(desk.labels[number]);
  const guess = desk.guesses ? shortGuess(...desk.guesses[number]) : "";
  tile.dataset.which = whichOf(desk.labels[number]);
  tile.classList.toggle("mine", Boolean(label));
  words.textContent = [label, guess].filter(Boolean).join("\n") || designName(number);
  tile.setAttribute("aria-label", [designName(number), label || inWords({ en: "no label", ja: "ラベルなし" }), guess].filter(Boolean).join(", "));
}

function fillWall() {
  const which = field("which").value;
  const numbers = desk.labels.map((_, number) => number);
  const rank = new Map(desk.order.map((number, place) => [number, place]));
  const shown = numbers.filter((number) => !which || Boolean(desk.labels[number]) === (which === "mine"));
  if (field("order").value === "instructive") {
    shown.sort((one, other) => (rank.get(one) ?? Infinity) - (rank.get(other) ?? Infinity) || one - other);
  }
  desk.wall.setItems(shown);
}

async function toggleGuesses() {
  desk.guesses = desk.guesses ? null : await desk.server.get("guesses");
  field("guesses").setAttribute("aria-pressed", String(Boolean(desk.guesses)));
  desk.wall.redrawAll();
}

async function labelChosen(which) {
  const numbers = desk.wall.chosen;
  if (!numbers.length) return;
  if (numbers.length === 1) desk.wall.go(desk.wall.current + 1);
  await send(numbers, which);
}

function isWall() {
  return !field("all").hidden;
}

function showWall(wanted) {
  field("all").hidden = !wanted;
  field("one").hidden = wanted;
  const button = document.querySelector("[data-key=w]");
  button.setAttribute("aria-pressed", String(wanted));
  if (wanted) {
    desk.wall.measure();
    fillWall();
    desk.wall.element.focus();
  } else {
    refill();
    showOne();
  }
}

function fromHere() {
  const number = desk.wall.item;
  if (number === undefined) return;
  desk.queue = [number, ...desk.queue.filter((other) => other !== number)];
  showWall(false);
}

// The plane.

async function findPlane() {
  const answer = await desk.server.post("plane");
  if (answer) say({ en: "latent_svm.py is running; what it finds will stand below", ja: "latent_svm.pyを実行中です。結果は下に表示されます" });
}

function showPlane(plane) {
  field("plane").hidden = !plane;
  if (!plane) return;
  const words = {
    running: { en: "latent_svm.py is running, which takes a minute or so; go on labelling meanwhile …", ja: "latent_svm.pyを実行しています（1分ほど）。その間もラベルを付けられます…" },
    found: { en: "Found, of the labels as they were when it began:", ja: "開始した時点のラベルから求めました：" },
    failed: { en: "It ended without a plane:", ja: "境界面は求められませんでした：" },
  }[plane.state];
  const state = field("plane-state");
  if (state.textContent !== inWords(words)) state.textContent = inWords(words);
  const walk = field("walk");
  walk.hidden = plane.walk === "0";
  const address = `walk?${new URLSearchParams({ direction: desk.direction, at: plane.walk })}`;
  if (!walk.hidden && walk.getAttribute("src") !== address) walk.src = address;
  const key = plane.lines.join("\n");
  if (field("plane-lines").dataset.key !== key) {
    field("plane-lines").dataset.key = key;
    field("plane-lines").replaceChildren(
      ...plane.lines.filter(Boolean).map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        item.lang = /[\u3040-\u30ff]/.test(line) ? "ja-JP" : "en-GB"; // The script speaks the system's language.
        return item;
      }),
    );
  }
}

async function showAgreement() {
  if (!field("agreement").open) return;
  const { agreement, given, enough } = await desk.server.get("agreement");
  const percent = (share) => `${Math.round(100 * share)}%`;
  field("agreement-text").textContent = agreement
    ? inWords({
        en: `Of ${agreement.designs} designs that both of you labelled it calls ${agreement.agreed} as you do: ${percent(agreement.share)} (95% interval ${percent(agreement.low)} to ${percent(agreement.high)})${agreement.unsure ? `; of ${agreement.unsure} more that you labelled it is unsure` : ""}.`,
        ja: `両方がラベルを付けた${agreement.designs}枚のうち、${agreement.agreed}枚で一致：${percent(agreement.share)}（95%区間 ${percent(agreement.low)}〜${percent(agreement.high)}）${agreement.unsure ? `。ほかに${agreement.unsure}枚では分類器が迷っています` : ""}。`,
      })
    : given < enough
      ? inWords({ en: `It is told from ${enough} labels of yours on; ${enough - given} to go.`, ja: `あなたのラベルが${enough}枚になると分かります。あと${enough - given}枚です。` })
      : inWords({ en: "The classifier labelled none of these.", ja: "分類器はこれらにラベルを付けていません。" });
}

// Directions.

function takeDirections(found) {
  desk.directions = new Map(
    found.map(([name, first, second, ...words]) => [
      name,
      { words, said: [first, second].map(([en, ja]) => ({ en, ja })) },
    ]),
  );
  nameDirections();
}

function nameDirections() {
  field("direction").replaceChildren(
    ...[...desk.directions].map(([name, { said }]) => {
      const words = `${inWords(said[0])} / ${inWords(said[1])}`;
      return new Option(name ? `${name}: ${words}` : words, name);
    }),
  );
  field("direction").value = desk.direction;
  const { said } = desk.directions.get(desk.direction);
  ["first", "second"].forEach((name, i) => {
    field(`${name}-word`).textContent = inWords(said[i]);
    field(`${name}-short`).textContent = inWords(said[i]);
  });
}

async function turnTo(direction) {
  desk.direction = desk.server.query.direction = direction;
  Object.assign(desk, { order: [], queue: [], given: [], skipped: [], begun: null });
  desk.server.state = { version: -1, edition: -1, merges: 0, forecasts: -1 };
  await load();
  await desk.server.look();
}

async function addDirection(event) {
  event.preventDefault();
  const [name, first, second] = ["name", "first", "second"].map((part) => field(`direction-${part}`).value.trim());
  const how = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name, first, second }) };
  try {
    const answer = await desk.server.read(await fetch("direction", how));
    takeDirections(answer.directions);
    field("direction-dialog").close();
    await turnTo(name);
  } catch (error) {
    field("direction-fault").textContent = error.message;
  }
}

// What the server tells.

async function load() {
  const facts = await desk.server.get("entries");
  const { version, edition, merges } = facts;
  Object.assign(desk.server.state, { version, edition, merges, forecasts: -1 });
  desk.labels = facts.labels;
  takeDirections(facts.directions);
  if (facts.fault) say({ en: facts.fault, ja: facts.fault });
  field("agreement").hidden = desk.direction !== "";
  showAll();
}

function showAll() {
  if (desk.order.length || !desk.labels.length) refill();
  if (isWall()) fillWall();
  else if (desk.queue.length || desk.order.length) showOne();
  showLast();
  showProgress();
}

function take(answer) {
  const changed = new Set();
  for (const [number, label] of answer.changed) {
    desk.labels[number] = label;
    changed.add(number);
  }
  if (answer.forecast?.number > 0) {
    desk.order = answer.forecast.order;
    refill();
    if (isWall()) {
      // The wall stays as it is until it is filled anew: nothing jumps under the eye.
      if (!desk.wall.items.length) fillWall();
    } else showOne();
  }
  if (changed.size) {
    desk.queue = desk.queue.filter((number, place) => place === 0 || !desk.labels[number]);
    desk.wall.redraw(changed);
    if (changed.has(desk.queue[0])) showOne();
    showLast();
    showProgress();
    showAgreement();
  }
  showPlane(answer.plane);
}

function act(key) {
  if (key === "w") showWall(!isWall());
  else if (key === "p") findPlane();
  else if (isWall()) {
    if (["1", "2", "0"].includes(key)) labelChosen(["1", "2", "0"].indexOf(key));
    else if (key === "Backspace" || key === "Delete") labelChosen(-1);
    else if (key === "g") toggleGuesses();
    else if (key === "Enter") fromHere();
    else return false;
  } else {
    const labels = { ArrowLeft: 0, 1: 0, ArrowRight: 1, 2: 1, ArrowDown: 2, 0: 2, Backspace: -1, Delete: -1 };
    if (key in labels) labelOne(labels[key]);
    else if (key === " ") skip();
    else if (key === "g") guessOne();
    else return false;
  }
  return true;
}

function startLabel() {
  desk.server = new Server(take, load);
  desk.server.query.direction = "";
  desk.wall = new Wall(field("wall"), { tile: { width: 148, height: 172 }, draw: drawTile, moved: () => {} });
  startDesk(desk.server, (answer, which) => {
    tellTurn(answer, which);
    const number = answer.at[0];
    if (number === undefined) return;
    desk.given = desk.given.filter((other) => !answer.at.includes(other) || desk.labels[other]);
    if (isWall()) desk.wall.goTo(number);
    else {
      desk.queue = [number, ...desk.queue.filter((other) => other !== number)];
      showOne();
    }
    showLast();
    showProgress();
  });
  for (const button of document.querySelectorAll("[data-key]")) {
    button.addEventListener("click", () => {
      act(button.dataset.key);
      if (isWall()) desk.wall.element.focus({ preventScroll: true });
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const key = keyOfEvent(event);
    // Space and Enter on a button are the button's; arrows scroll to what was found.
    if ([" ", "Enter"].includes(key) && event.target.closest("button, summary, a")) return;
    if (act(key)) event.preventDefault();
  });
  for (const name of ["which", "order"]) field(name).addEventListener("change", fillWall);
  field("direction").addEventListener("change", () => turnTo(field("direction").value));
  field("agreement").addEventListener("toggle", showAgreement);
  const dialog = field("direction-dialog");
  field("new-direction").addEventListener("click", () => {
    field("direction-fault").textContent = "";
    dialog.showModal();
  });
  field("direction-cancel").addEventListener("click", () => dialog.close());
  field("direction-form").addEventListener("submit", addDirection);
  document.addEventListener("languagechange", () => {
    if (!desk.labels.length) return;
    nameDirections();
    showLast();
    showProgress();
    showAgreement();
    desk.wall.redrawAll();
    if (!isWall()) showOne();
  });
  load().then(() => {
    desk.server.look();
    desk.server.watch();
  }, (error) => desk.server.fail(error));
}

startLabel();
