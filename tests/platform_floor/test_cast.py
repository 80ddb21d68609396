"""The cast is there: two chains, every kind of user, and nobody in two houses."""

from __future__ import annotations

from config.demo.cast import HOUSES
from kernel.identity.models import User
from kernel.tenancy import activate
from tenants.selectors import context_for


def test_every_house_opens_with_its_people(data: None) -> None:
    for slug, house in HOUSES.items():
        tenant = context_for(slug=slug)
        assert tenant is not None, slug
        with activate(tenant):
            names = set(User.objects.values_list("username", flat=True))
        assert {person.username for person in house.people} <= names


def test_verticals_and_profiles_are_as_declared(data: None) -> None:
    assert context_for(slug="smile").verticals == {"dental"}
    assert context_for(slug="smile").profile == "literal"
    assert context_for(slug="willow").verticals == {"aesthetics", "dermatology"}
    assert context_for(slug="willow").profile == "default"
