/*
 * Relais: makes forms of a page (<form data-relais>) send themselves without leaving it.
 *
 * The form is plain HTML and works without this script. With it, the answers go as JSON, with an id
 * of their own: whatever is sent twice counts once. What is wrong is shown beside its field. When
 * this script may not send (another origin, a policy of the page) or gets no answer, the browser
 * sends the form as if there were no script, with the same id, so that nothing is lost or doubled.
 *
 * It tells the page with an event, for whoever counts: "relais:sent", on the form.
 */
(() => {
  "use strict";
  const CONTEXT = ["page_url", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];
  const OF_THE_WHOLE = ["id", "email", "form_token"];
  const TRIES = 3;
  const WAIT_SECONDS_MAX = 5;
  const ANSWER_SECONDS_MAX = 20;

  /* Random even where crypto.randomUUID is not: on pages without https. */
  const newId = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  /* A field may be called "action" or "elements", and form.action would be that field: so nothing is
     asked of a form by such a name. */
  const fieldsOf = (form) => Array.from(form.querySelectorAll("input, select, textarea"));
  const ourName = (field) => field.dataset.name || field.name;

  const keyOf = (form) => {
    const key = form.getAttribute("data-key");
    return key ? { Authorization: `Bearer ${key}` } : {};
  };

  const hiddenField = (form, name) => {
    const known = form.querySelector(`input[type="hidden"][name="${name}"]`);
    if (known) return known;
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    return form.appendChild(field);
  };

  /* Where the visitor came from: as fields, so that they go along whoever sends the form. An empty
     referrer says something too: nobody sent the visitor. */
  const addContext = (form) => {
    const query = new URLSearchParams(location.search);
    for (const name of CONTEXT) {
      const value = name === "page_url" ? location.href.split("#")[0]
        : name === "referrer" ? document.referrer : query.get(name);
      if (value || name === "referrer") hiddenField(form, name).value = value.slice(0, 2000);
    }
  };

  /* A form token says when the form was shown; a form may ask for one against robots. It is fetched where
     the form said so when the snippet was made, and where not, once somebody begins to fill it in, in
     case it asks for one by now. One that has served or is too old is replaced. */
  const withToken = (form) => {
    const field = hiddenField(form, "form_token");
    let goodUntil = 0;
    const renew = async () => {
      if (performance.now() < goodUntil) return;
      goodUntil = Infinity;
      try {
        const answer = await fetch(new URL("token", new URL(form.getAttribute("action"), location.href)), {
          headers: keyOf(form), credentials: "omit",
        });
        const token = await answer.json();
        field.value = token.token;
        goodUntil = performance.now() + Date.parse(token.good_until) - Date.parse(token.good_from);
      } catch {
        goodUntil = 0; /* without one the form is looked at by a person */
      }
    };
    form.addEventListener("focusin", renew);
    if (form.hasAttribute("data-token")) renew();
    return () => { goodUntil = 0; renew(); };
  };

  const isAnswer = (field) => Boolean(ourName(field)) && !field.disabled &&
    !["file", "submit", "button", "reset", "image"].includes(field.type) &&
    (field.checked || !["checkbox", "radio"].includes(field.type)) &&
    (field.value.trim() !== "" || ourName(field) === "referrer");

  const YES = ["on", "yes", "true", "1", "oui"];
  const valueOf = (field) => {
    if (field.type === "checkbox" && YES.includes(field.value)) return true;
    if (field.type === "number") return Number(field.value);
    if (field.type !== "select-multiple") return field.value;
    return Array.from(field.selectedOptions, (option) => option.value).join(", ");
  };

  /* A box says yes; of a hidden field, for an empty one, the value counts. */
  const addConsent = (consents, purpose, field) => {
    const granted = field.type === "checkbox" || YES.includes(field.value);
    const known = consents.find((consent) => consent.purpose === purpose);
    if (known) known.granted ||= granted;
    else consents.push({ purpose, granted });
  };

  /* The answers, in the order of the fields; boxes of one name are a list. */
  const answersOf = (form) => {
    const body = { attributes: {}, consents: [], context: {} };
    for (const field of fieldsOf(form).filter(isAnswer)) {
      const name = ourName(field);
      const before = body.attributes[name];
      if (OF_THE_WHOLE.includes(name)) body[name] = field.value;
      else if (CONTEXT.includes(name)) body.context[name] = field.value;
      else if (name.startsWith("consent_")) addConsent(body.consents, name.slice(8), field);
      else if (before === undefined) body.attributes[name] = valueOf(field);
      else if (typeof before === "string") body.attributes[name] += `, ${valueOf(field)}`;
    }
    return body;
  };

  const post = async (form) => {
    const headers = { ...keyOf(form), "Content-Type": "application/json", Accept: "application/json" };
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), ANSWER_SECONDS_MAX * 1000);
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST", headers, body: JSON.stringify(answersOf(form)), credentials: "omit", signal: giveUp.signal,
      });
      return {
        status: answer.status, body: await answer.json(),
        retryAfter: Number(answer.headers.get("Retry-After")) || 1,
      };
    } finally {
      clearTimeout(timer);
    }
  };

  const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

  /* The answer; undefined: there is none that says anything about the form. */
  const send = async (form) => {
    for (let tries = 1; ; tries++) {
      let answer;
      try {
        answer = await post(form);
      } catch {
        return undefined;
      }
      const mayPass = [409, 429, 503].includes(answer.status);
      if (!mayPass) return answer.status < 500 ? answer : undefined;
      if (tries === TRIES || answer.retryAfter > WAIT_SECONDS_MAX) return undefined;
      await wait(answer.retryAfter);
    }
  };

  const clearFaults = (form) => {
    for (const fault of form.querySelectorAll(".relais-error")) fault.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  };

  const faultText = (sentence) => {
    const fault = document.createElement("p");
    fault.className = "relais-error";
    fault.textContent = sentence;
    return fault;
  };

  const showFault = (form, error) => {
    const name = error.pointer.replace(/^\/(attributes\/)?/, "");
    const field = fieldsOf(form).find((one) => one.type !== "hidden" && ourName(one) === name);
    const fault = faultText(error.detail);
    if (!field) {
      fault.setAttribute("role", "alert");
      form.prepend(fault);
      return undefined;
    }
    fault.id = `${field.id || name}-error`;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", fault.id);
    (field.closest(".relais-field") || field.parentElement).append(fault);
    return field;
  };

  const showFaults = (form, problem) => {
    const errors = problem.errors || [{ pointer: "", detail: problem.detail }];
    const fields = errors.map((error) => showFault(form, error));
    const first = fields.find((field) => field);
    if (first) first.focus();
  };

  /* As if there were no script: it leads to a page that says the rest. */
  const sendPlain = (form) => HTMLFormElement.prototype.submit.call(form);

  const showThanks = (form, receipt) => {
    const thanks = form.nextElementSibling;
    if (!thanks || !thanks.matches(".relais-thanks")) {
      sendPlain(form);
      return;
    }
    const offer = thanks.querySelector(".relais-offer");
    if (offer && receipt.offer_url) offer.querySelector("a").href = receipt.offer_url;
    else if (offer) offer.remove();
    form.setAttribute("hidden", "");
    thanks.removeAttribute("hidden");
    thanks.focus();
  };

  /* Whether a visitor can mend it: where one writes, and under a name that can be stored. */
  const isMendable = (form, error) => {
    const name = error.pointer.replace(/^\/attributes\//, "");
    if (name === error.pointer || error.code === "required") return true;
    const field = fieldsOf(form).find((one) => ourName(one) === name);
    const isWritten = field && !["hidden", "checkbox", "radio", "select-one", "select-multiple"].includes(field.type);
    return Boolean(isWritten) && /^[a-z0-9_-]{1,64}$/.test(name);
  };

  /* Whether it is sent: then it is not to be sent once more. */
  const submit = async (form) => {
    clearFaults(form);
    const answer = await send(form);
    if (!answer) {
      sendPlain(form);
      return false; /* should the page's policy forbid that as well, the button still does something */
    }
    const errors = (answer.status >= 400 && answer.body.errors) || [];
    const isOpen = !form.getAttribute("data-key");
    if (isOpen && errors.length > 0 && !errors.some((error) => isMendable(form, error))) {
      sendPlain(form); /* an HTML form is taken all the same, and what does not fit kept with it */
      return false;
    }
    if (answer.status >= 400) {
      const isTaken = errors.some((error) => error.pointer === "/id");
      if (isTaken) hiddenField(form, "id").value = newId();
      showFaults(form, answer.body);
      return false;
    }
    const detail = { form: form.getAttribute("data-relais") };
    form.dispatchEvent(new CustomEvent("relais:sent", { bubbles: true, detail }));
    const redirect = form.getAttribute("data-redirect");
    if (redirect) location.assign(redirect);
    else showThanks(form, answer.body);
    return true;
  };

  const enhance = (form) => {
    if (form.hasAttribute("data-relais-ready")) return;
    form.setAttribute("data-relais-ready", "");
    addContext(form);
    hiddenField(form, "id").value = newId();
    const renewToken = withToken(form);
    /* Other answers are another submission. */
    form.addEventListener("input", () => { hiddenField(form, "id").value = newId(); });
    let isBusy = false;
    const setBusy = (busy) => {
      isBusy = busy;
      if (busy) form.setAttribute("aria-busy", "true");
      else form.removeAttribute("aria-busy");
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (isBusy) return;
      setBusy(true);
      setBusy(await submit(form));
    });
    /* The visitor came back to it. */
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      setBusy(false);
      renewToken();
    });
  };

  const enhanceAll = () => document.querySelectorAll("form[data-relais]").forEach(enhance);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", enhanceAll);
  else enhanceAll();
})();
