// The pressed button shows that its form is on the way, and a second press sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sending !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "";
  if (event.submitter?.classList.contains("button")) event.submitter.setAttribute("aria-busy", "true");
});

// A page that comes back from the history is ready again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sending]")) {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll(".button[aria-busy]")) button.removeAttribute("aria-busy");
  }
});
