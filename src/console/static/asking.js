// Asks in place before something is taken away: the question of the page that the form leads to, in a dialog above the
// page that is open. Without this script, or if the server answers anything else, the form leads to that page.
export function askInPlace() {
  document.addEventListener("submit", async (event) => {
    const { target: form, submitter: button } = event;
    if (!button?.matches("[data-asks]") || form.dataset.leads) return;
    event.preventDefault();
    const path = button.getAttribute("formaction") ?? form.getAttribute("action");
    const question = await questionOf(path, new FormData(form, button));
    if (question) return ask(path, question);
    const again = button.isConnected ? button : buttonOf(path);
    if (!again) return;
    again.form.dataset.leads = "yes";
    again.form.requestSubmit(again);
  });
}

async function questionOf(path, fields) {
  try {
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return answer.ok ? page.querySelector(".ask") : null;
  } catch {
    return null;
  }
}

function ask(path, question) {
  if (document.querySelector("dialog[open]")) return; // a second press while the first question was on its way
  const dialog = document.createElement("dialog");
  dialog.className = "asking";
  dialog.setAttribute("aria-labelledby", question.querySelector("h1").id);
  dialog.append(...question.children);
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("a")) return;
    event.preventDefault(); // Cancel leads back to the page, which is still there
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    focusAgain(path);
  });
  document.body.append(dialog);
  dialog.showModal();
}

function focusAgain(path) {
  buttonOf(path)?.focus();
}

// A live page may have replaced the button that was pressed.
function buttonOf(path) {
  const address = CSS.escape(path);
  return document.querySelector(`[data-asks][formaction="${address}"], form[action="${address}"] [data-asks]`);
}
