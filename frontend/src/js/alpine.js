// Small local state without eval: components are named here, templates only name them.
import Alpine from "@alpinejs/csp";

Alpine.data("disclosure", () => ({
  open: false,
  init() {
    this.open = this.$el.dataset.open === "true";
  },
  toggle() {
    this.open = !this.open;
  },
}));

Alpine.data("counter", () => ({
  value: 0,
  init() {
    this.value = Number(this.$el.dataset.value || 0);
  },
  limits() {
    return [Number(this.$el.closest("[data-value]").dataset.min ?? 0), Number(this.$el.closest("[data-value]").dataset.max ?? 9999)];
  },
  more() {
    this.value = Math.min(this.limits()[1], this.value + 1);
  },
  less() {
    this.value = Math.max(this.limits()[0], this.value - 1);
  },
}));

// What is still missing of a sum that is paid in parts, in fen.
Alpine.data("moneySplit", () => ({
  total: 0,
  paid: 0,
  init() {
    this.total = Number(this.$el.dataset.total || 0);
    this.sum();
  },
  sum() {
    const fields = [...this.$root.querySelectorAll("[data-amount]")];
    this.paid = fields.reduce((all, field) => all + Math.round(Number(field.value.replaceAll(",", "") || 0) * 100), 0);
  },
  get rest() {
    return this.total - this.paid;
  },
  get restWords() {
    const fen = Math.abs(this.rest);
    const yuan = Math.floor(fen / 100).toLocaleString("en-US");
    return `${this.rest < 0 ? "−" : ""}${yuan}.${String(fen % 100).padStart(2, "0")}`;
  },
  get settled() {
    return this.rest === 0;
  },
}));

window.Alpine = Alpine;
Alpine.start();
