// `/` goes to the search field, unless the reader is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  const target = [...document.querySelectorAll("[data-shortcut]")].find((element) => element.dataset.shortcut === event.key);
  if (target?.checkVisibility()) {
    event.preventDefault();
    target.focus();
    target.select?.();
  }
});
