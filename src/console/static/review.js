// Takes an answer only about an image that the browser shows, and takes it once.
export function checkPictures() {
  for (const picture of document.querySelectorAll(".reviews img")) {
    if (picture.complete) {
      check(picture);
      continue;
    }
    allowAnswers(picture, false);
    picture.onload = picture.onerror = () => check(picture);
  }
  for (const form of document.querySelectorAll('form[action^="/review"]')) sendOnce(form);
}

// An image that is cut off has no size, though the server took its beginning for a picture.
function check(picture) {
  const isShown = picture.naturalWidth > 0;
  allowAnswers(picture, isShown);
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
    if (isSent) event.preventDefault();
    isSent = true;
  });
  window.addEventListener("pageshow", () => (isSent = false));
}
