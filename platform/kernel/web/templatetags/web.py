"""``{% load web %}``: every tag and filter of the web base under one name."""

from django import template

from kernel.web.tags import basic, blocks, data, filters, forms, live

register = template.Library()

for module in (basic, blocks, data, filters, forms, live):
    register.tags.update(module.register.tags)
    register.filters.update(module.register.filters)
