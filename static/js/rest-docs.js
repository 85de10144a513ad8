// Starts Swagger UI or Redoc, whichever page this is, on our own OpenAPI document. No address but our own is asked.
"use strict";

const swagger = document.getElementById("swagger-ui");
if (swagger) {
  window.SwaggerUIBundle({
    domNode: swagger,
    url: swagger.dataset.document,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    // The credentials that somebody types stay in this page.
    persistAuthorization: false,
    validatorUrl: null,
  });
}

const redoc = document.getElementById("redoc");
if (redoc) {
  // Redoc would fetch the logo of its makers from their server: pictures come from here, or take no room.
  // React sets the attribute, and the property once more.
  const image = HTMLImageElement.prototype;
  const { setAttribute } = image;
  const src = Object.getOwnPropertyDescriptor(image, "src");
  const isOurs = (address) => new URL(address, location.href).origin === location.origin;
  image.setAttribute = function (name, value) {
    if (name !== "src" || isOurs(value)) setAttribute.call(this, name, value);
    else this.style.display = "none";
  };
  Object.defineProperty(image, "src", {
    ...src,
    set(value) {
      if (isOurs(value)) src.set.call(this, value);
      else this.style.display = "none";
    },
  });
  window.Redoc.init(redoc.dataset.document, { disableSearch: true, hideDownloadButton: false, nativeScrollbars: true }, redoc);
}
