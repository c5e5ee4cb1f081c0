// What both pages share: what the server is asked, in order; what it says; undo; and the list of keys.

const CHANGES_EVERY = 1000; // Milliseconds: for what another page or a spreadsheet did meanwhile.

class Server {
  // take(answer): takes in what changed; loadAnew(): everything is to be read again.
  constructor(take, loadAnew) {
    this.take = take;
    this.loadAnew = loadAnew;
    this.query = {}; // More to say with each question.
    this.state = { version: -1, edition: -1, merges: 0, forecasts: -1 };
    this.order = Promise.resolve(); // One question after the other: two choices come in the order of the keys.
    this.gone = this.troubled = false;
    this.refusals = 0; // How many choices were not taken.
  }

  async get(path, more = {}) {
    const response = await fetch(`${path}?${new URLSearchParams({ ...this.query, ...more })}`);
    return this.read(response);
  }

  async read(response) {
    const answer = await response.json().catch(() => null);
    if (response.ok) return answer;
    throw new Error(answer?.error ?? `${response.status} ${response.statusText}`);
  }

  // Sends a choice; returns the answer; null where it was not taken; undefined where one before it was not, so that
  // this one was not even sent: whoever goes on too fast to see a refusal loses nothing but that.
  post(path, body = {}) {
    const { refusals } = this;
    const sent = this.order.then(async () => {
      if (refusals !== this.refusals) return undefined;
      const address = `${path}?${new URLSearchParams({ ...this.query, ...this.state })}`;
      const how = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
      try {
        const answer = await this.read(await fetch(address, how));
        this.takeIn(answer);
        this.report("");
        return answer;
      } catch (error) {
        this.refusals++;
        this.fail(error);
        return null;
      }
    });
    this.order = sent;
    return sent;
  }

  watch() {
    setTimeout(async () => {
      await this.order;
      this.order = this.order.then(() => this.look());
      await this.order;
      this.watch();
    }, CHANGES_EVERY);
  }

  async look() {
    try {
      this.takeIn(await this.get("changes", this.state));
      if (this.gone || this.troubled) this.report("");
      this.gone = this.troubled = false;
    } catch (error) {
      this.troubled = true;
      this.fail(error, { en: "Trouble", ja: "問題があります" });
    }
  }

  takeIn(answer) {
    const { version, edition, merges } = answer;
    Object.assign(this.state, { version, edition, merges });
    if (answer.forecast) this.state.forecasts = answer.forecast.number;
    document.querySelector("#undo").disabled = !answer.undo;
    document.querySelector("#redo").disabled = !answer.redo;
    for (const merge of answer.merged) this.tellMerge(merge);
    if (answer.anew) this.loadAnew();
    this.take(answer);
  }

  tellMerge({ taken, kept, anew }) {
    const parts = [{ en: "The table was saved elsewhere.", ja: "表がほかの場所で保存されました。" }];
    if (taken) parts.push({ en: `${taken} of its entries are newer and were taken over.`, ja: `新しい${taken}件を取り込みました。` });
    if (kept) parts.push({ en: `${kept} of yours, which it did not know, stay.`, ja: `そこにないあなたの${kept}件は残しました。` });
    if (anew && !taken && !kept) parts.push({ en: "Everything was read again.", ja: "すべて読み直しました。" });
    say({ en: parts.map(({ en }) => en).join(" "), ja: parts.map(({ ja }) => ja).join("") });
  }

  fail(error, what = { en: "Not saved", ja: "保存できませんでした" }) {
    if (error instanceof TypeError) {
      this.gone = true;
      this.report({
        en: "The server has ended. Everything up to here is on disk; start it again to go on.",
        ja: "サーバーが終了しました。ここまではすべて保存済みです。続けるには、もう一度起動してください。",
      });
    } else {
      this.report({ en: `${what.en}: ${error.message}`, ja: `${what.ja}：${error.message}` });
    }
  }

  report(words) {
    const place = document.querySelector("#fault");
    place.hidden = !words;
    const text = words ? inWords(words) : "";
    if (place.textContent !== text) place.textContent = text;
  }
}

// Says something to those who see and to those who listen.
function say(words) {
  document.querySelector("#said").textContent = inWords(words);
}

// Which key was pressed, in small letters; also while a Japanese keyboard waits for more.
function keyOfEvent(event) {
  const key = event.key === "Process" || event.isComposing ? event.code.replace(/^Key/, "") : event.key;
  return key.length === 1 ? key.toLowerCase() : key;
}

// Whether a key belongs to a field in which something is typed or chosen, or to a dialog.
function isTyping(event) {
  return event.target.closest("input, select, textarea, dialog") !== null;
}

// Fills the options of lists in the page's language; options have no room for two.
function nameOptions() {
  for (const option of document.querySelectorAll("option[data-en]")) option.textContent = option.dataset[language()];
}

function startDesk(server, turned) {
  document.documentElement.classList.add("scripted");
  startLanguage();
  startTheme();
  nameOptions();
  document.addEventListener("languagechange", nameOptions);
  const help = document.querySelector("#help");
  document.querySelector("#help-button").addEventListener("click", () => help.showModal());
  const turn = async (which) => {
    const answer = await server.post(which);
    if (answer) turned(answer, which);
  };
  for (const which of ["undo", "redo"]) document.querySelector(`#${which}`).addEventListener("click", () => turn(which));
  document.addEventListener("keydown", (event) => {
    const key = keyOfEvent(event);
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey || isTyping(event)) return;
    let which = null;
    if (key === "?" && !command) help.showModal();
    else if (command ? key === "z" && !event.shiftKey : key === "u") which = "undo";
    else if (command ? (key === "z" && event.shiftKey) || key === "y" : key === "y") which = "redo";
    else return;
    event.preventDefault();
    if (which) turn(which);
  });
}

function tellTurn(answer, which) {
  const count = answer.at.length;
  const passed = answer.passed_over;
  const later = passed ? { en: `; ${passed} stay, for a later word stands there`, ja: `（${passed}件はあとから変更されたため、そのまま）` } : { en: "", ja: "" };
  if (which === "undo") say({ en: `Undone: ${count}${later.en}`, ja: `元に戻しました：${count}件${later.ja}` });
  else say({ en: `Done again: ${count}${later.en}`, ja: `やり直しました：${count}件${later.ja}` });
}
