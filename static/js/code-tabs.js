// Code samples as tabs. The language that was chosen last is chosen everywhere, on this page and the next.
const KEY = "code-language";

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off
  }
}

function remember(language) {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Then it is remembered for this page only.
  }
}

function choose(block, language) {
  const tabs = [...block.querySelectorAll("[role=tab]")];
  if (!tabs.some((tab) => tab.dataset.language === language)) return;
  for (const tab of tabs) {
    const chosen = tab.dataset.language === language;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  for (const panel of block.querySelectorAll("[role=tabpanel]")) {
    panel.toggleAttribute("data-current", panel.dataset.language === language);
  }
}

function chooseEverywhere(language) {
  remember(language);
  for (const block of document.querySelectorAll("[data-code-tabs]")) choose(block, language);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-code-tabs] [role=tab]");
  if (tab) chooseEverywhere(tab.dataset.language);
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[data-code-tabs] [role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.parentElement.querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  chooseEverywhere(next.dataset.language);
  next.focus();
});

export function startCodeTabs(root) {
  for (const block of root.querySelectorAll("[data-code-tabs]:not([data-ready])")) {
    choose(block, block.querySelector("[role=tab]")?.dataset.language);
    choose(block, remembered());
    block.dataset.ready = "";
  }
}
