// Takes no answer about an image that the browser cannot show, such as one that is cut off.
export function checkPictures() {
  for (const picture of document.querySelectorAll(".reviews img")) {
    if (picture.complete) check(picture);
    else picture.onload = picture.onerror = () => check(picture);
  }
}

function check(picture) {
  if (picture.naturalWidth) return;
  const item = picture.closest("li");
  for (const button of item.querySelectorAll("[data-answer]")) button.disabled = true;
  item.querySelector(".no-answer").hidden = false;
  item.querySelector("[data-discard]").hidden = false;
}
