"use strict";

// Starts the viewer on the tenant's own schema. Calls tried out from a signed-in browser carry the token against forgery.
(() => {
  const root = document.getElementById("docs");
  const cookie = (name) =>
    document.cookie
      .split("; ")
      .map((pair) => pair.split("="))
      .find(([key]) => key === name)?.[1] ?? "";
  window.SwaggerUIBundle({
    url: root.dataset.schema,
    domNode: root,
    deepLinking: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    docExpansion: "none",
    filter: true,
    persistAuthorization: false,
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (!["GET", "HEAD"].includes((request.method || "GET").toUpperCase())) {
        request.headers["X-CSRFToken"] = cookie(root.dataset.csrfCookie);
      }
      return request;
    },
  });
})();
