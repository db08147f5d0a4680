// Puts words in the place of an image that the browser cannot show, such as a file that breaks off.
export function replaceBroken() {
  // errors do not bubble: they are caught on their way down, also those of images that a live page adds
  document.addEventListener("error", (event) => replace(event.target), true);
  for (const picture of document.images) if (picture.complete && picture.currentSrc && !picture.naturalWidth) replace(picture);
}

function replace(picture) {
  // the review says more about its images, in review.js
  if (!(picture instanceof HTMLImageElement) || picture.closest(".reviews")) return;
  const place = document.createElement("span");
  place.className = `no-image ${picture.className}`;
  place.textContent = "no image";
  place.title = "The browser could not show the image.";
  picture.replaceWith(place);
}
