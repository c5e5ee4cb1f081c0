// Language and theme. Both languages stand in the page; the style shows that of <html lang>.

const memory = {
  get(name) {
    try {
      return localStorage.getItem(`demicouture:${name}`);
    } catch {
      return null; // Some browsers give a page from a disk no memory.
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`demicouture:${name}`, value);
    } catch {
      // Then it is forgotten with the page.
    }
  },
};

function language() {
  return document.documentElement.lang;
}

// Returns the text of the page's language, of {en, ja}.
function inWords(texts) {
  return texts[language()];
}

function speak(wanted) {
  document.documentElement.lang = wanted;
  for (const [attribute, name] of [["alt", "alt"], ["aria-label", "label"]]) {
    for (const element of document.querySelectorAll(`[data-ja-${name}]`)) {
      element.dataset[`en${name}`] ??= element.getAttribute(attribute);
      element.setAttribute(attribute, wanted === "ja" ? element.getAttribute(`data-ja-${name}`) : element.dataset[`en${name}`]);
    }
  }
  document.title = document.querySelector(`#title [lang=${wanted}]`).textContent;
  for (const button of document.querySelectorAll("[data-speak]")) {
    button.setAttribute("aria-pressed", String(button.dataset.speak === wanted));
  }
  document.dispatchEvent(new Event("languagechange"));
}

function startLanguage() {
  const asked = new URLSearchParams(location.search).get("lang") ?? memory.get("lang") ?? navigator.language;
  speak(asked.toLowerCase().startsWith("ja") ? "ja" : "en");
  for (const button of document.querySelectorAll("[data-speak]")) {
    button.addEventListener("click", () => {
      memory.set("lang", button.dataset.speak);
      speak(button.dataset.speak);
    });
  }
}

function startTheme() {
  const button = document.querySelector("#theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const theme = memory.get("theme") ?? (dark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-pressed", String(theme === "dark"));
  };
  button.addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    memory.set("theme", theme);
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-pressed", String(theme === "dark"));
  });
  dark.addEventListener("change", show);
  show();
}
