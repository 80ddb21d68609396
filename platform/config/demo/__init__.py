"""The demo: two chains, their people, and a history that the product's own actions made."""
