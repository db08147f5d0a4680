// Takes an answer only about an image that a person can have seen, and takes it once.
const SEEN_MS = 400; // a key that was pressed for the image before is no answer about the one in its place

export function checkPictures() {
  for (const picture of document.querySelectorAll(".reviews img")) {
    allowAnswers(picture, false);
    if (picture.complete) check(picture);
    else picture.onload = picture.onerror = () => check(picture);
  }
  for (const form of document.querySelectorAll('form[action^="/review"]')) sendOnce(form);
}

// An image that is cut off has no size, though the server took its beginning for a picture.
function check(picture) {
  const isShown = picture.naturalWidth > 0;
  if (isShown) setTimeout(() => allowAnswers(picture, true), SEEN_MS);
  const item = picture.closest("li");
  item.querySelector(".no-answer").hidden = isShown;
  item.querySelector("[data-discard]").hidden = isShown;
}

function allowAnswers(picture, areAllowed) {
  for (const button of picture.closest("li").querySelectorAll("[data-answer]")) button.disabled = !areAllowed;
}

function sendOnce(form) {
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (event.submitter?.matches("[data-asks]")) return; // it sends nothing yet: a question comes first
    if (isSent) event.preventDefault();
    isSent = true;
  });
  window.addEventListener("pageshow", () => (isSent = false));
}
