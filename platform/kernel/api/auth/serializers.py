"""What goes in and out of the sign-in of apps."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import LineField, OutSerializer, StrictSerializer
from kernel.identity.usernames import USERNAME_LENGTH


class TokenIn(StrictSerializer):
    """User name, password and, where the account has a second factor, its code."""

    username = serializers.CharField(max_length=USERNAME_LENGTH)
    password = serializers.CharField(max_length=256, trim_whitespace=False, style={"input_type": "password"})
    otp = serializers.CharField(
        max_length=16, required=False, allow_blank=True, help_text="Code of the authenticator app"
    )
    name = LineField(max_length=80, required=False, default="app", help_text="Name of the device or app")


class ConfirmIn(StrictSerializer):
    """The password or a code, given again before a signature."""

    password = serializers.CharField(
        max_length=256, trim_whitespace=False, required=False, style={"input_type": "password"}
    )
    otp = serializers.CharField(max_length=16, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either the password or a code.")
        return attrs


class TokenOut(OutSerializer):
    """A token without its secret."""

    code = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="How the token begins")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewTokenOut(TokenOut):
    """A token with its secret, shown this once."""

    token = serializers.CharField()


class TokenListOut(OutSerializer):
    """The tokens that can still be used."""

    results = TokenOut(many=True)


class TenantOut(OutSerializer):
    """The tenant that the address belongs to."""

    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    verticals = serializers.ListField(child=serializers.CharField())
    timezone = serializers.CharField()


class GrantOut(OutSerializer):
    """A permission word and the sites where it holds; null for everywhere."""

    word = serializers.CharField()
    sites = serializers.ListField(child=serializers.UUIDField(), allow_null=True)


class MeOut(OutSerializer):
    """Who is signed in and what they may do."""

    code = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField(allow_blank=True)
    roles = serializers.ListField(child=serializers.CharField())
    grants = GrantOut(many=True)
    tenant = TenantOut()
