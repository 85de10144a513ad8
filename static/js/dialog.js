// Dialogs are opened by `command="show-modal"`, which newer browsers do by themselves; this does it for the others,
// and holds back the button of a dialog that wants a name typed until it is.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (button.getAttribute("command") === "close") dialog.close();
    else if (!dialog.open) dialog.showModal();
  });
}

// A press on the scrim closes, where `closedby` is not known.
document.addEventListener("click", (event) => {
  if (!("closedBy" in HTMLDialogElement.prototype) && event.target instanceof HTMLDialogElement) event.target.close();
});

function holdBack(form) {
  const input = form.querySelector("[data-confirm-input]");
  form.querySelector("[data-confirm-submit]").disabled = !input.validity.valid;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-confirm-input]")) holdBack(event.target.form);
});
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.("dialog")) event.target.querySelectorAll("form[data-confirm]").forEach(holdBack);
  },
  true,
);
for (const form of document.querySelectorAll("form[data-confirm]")) holdBack(form);
document.addEventListener("htmx:load", (event) => event.detail.elt.querySelectorAll("form[data-confirm]").forEach(holdBack));
