// The pressed button shows that its form is on the way, and a second press sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sending !== undefined) {
    event.preventDefault();
    return;
  }
  if (form.method === "post" && !form.hasAttribute("hx-post")) form.dataset.sending = "";
  if (event.submitter?.classList.contains("button")) event.submitter.setAttribute("aria-busy", "true");
});

function settle(root) {
  for (const form of root.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
  for (const button of root.querySelectorAll(".button[aria-busy]")) button.removeAttribute("aria-busy");
}

// A page that comes back from the history, and a fragment that has arrived.
window.addEventListener("pageshow", (event) => event.persisted && settle(document));
document.addEventListener("htmx:afterRequest", () => settle(document));
