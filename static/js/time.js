// Times that were written in UTC, in the reader's own zone. The exact UTC stays in the title and in `datetime`.
const FORMATS = {
  date: { dateStyle: "medium" },
  datetime: { dateStyle: "medium", timeStyle: "short" },
  precise: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

export function localizeTimes(root) {
  const language = document.documentElement.lang;
  for (const element of root.querySelectorAll("time[data-local]")) {
    const format = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, FORMATS[element.dataset.local]);
    element.textContent = format.format(new Date(element.dateTime));
    element.removeAttribute("data-local");
  }
}
