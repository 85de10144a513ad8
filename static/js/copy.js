// <button data-copy> copies the text of the [data-copy-source] beside it, inside the same [data-code].
const SHOWN_MS = 1600;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = button.closest("[data-code]").querySelector("[data-copy-source]");
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Without the permission, or over plain http: select it, so that the keyboard can copy.
    getSelection().selectAllChildren(source);
    return;
  }
  const label = button.getAttribute("aria-label");
  button.dataset.done = "";
  button.setAttribute("aria-label", button.dataset.copied);
  button.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
  setTimeout(() => {
    delete button.dataset.done;
    button.setAttribute("aria-label", label);
  }, SHOWN_MS);
});
