"""What lies in deploy/ is checked against the product: names of variables, figures, commands and paths are real."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands

from kernel.observability import metrics

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CODE = (
    "platform/kernel",
    "platform/config/settings",
    "tenants",
    "services",
    "escort",
    "aesthetics",
    "dental",
    "dermatology",
)
# What servers and the web process's command read, and not the product's code.
OUTSIDE = {
    "LIANZHEN_VERSION", "CERTIFICATES", "SUPERUSER_DB_PASSWORD", "OWNER_DB_PASSWORD", "APP_DB_PASSWORD", "BROKER_PASSWORD",
    "METRICS_TOKEN_FILE", "WEB_WORKERS", "WEB_THREADS",
}  # fmt: skip
CONTRACT = {
    "DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "BASE_DOMAIN", "DJANGO_SECRET_KEY", "DJANGO_SECRET_KEY_FALLBACKS",
    "FIELD_KEYS", "STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET", "SENTRY_DSN", "EMAIL_URL", "SMS_URL",
    "MEDIA_STORAGE_URL", "TIME_ZONE",
}  # fmt: skip
METRIC = re.compile(r"\blianzhen_[a-z0-9_]+")
KINDS = ("_total", "_bucket", "_sum", "_count", "_created")


def variables_of_the_code() -> set[str]:
    """Every environment variable that the product reads."""
    found: set[str] = set()
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r"environ(?:\.get\(|\[|\.setdefault\()\s*\"([A-Z_]+)\"", text))
            found |= set(re.findall(r"\"([A-Z_]+)\" in os\.environ", text))
    return found


def example() -> dict[str, str]:
    """The variables of the example, those in comments left out."""
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))


def manifests() -> Iterator[dict[str, Any]]:
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


# --- the image --------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    return [
        (word, rest) for word, _, rest in (line.partition(" ") for line in text.splitlines()) if word and word.isupper()
    ]


def test_the_image_is_built_from_what_is_there() -> None:
    stages, ignored = set(), (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    for word, rest in instructions():
        if word == "FROM" and " AS " in rest:
            stages.add(rest.rpartition(" ")[2])
        if word != "COPY":
            continue
        *sources, _target = rest.split()
        if sources[0].startswith("--from="):
            assert sources[0].removeprefix("--from=") in stages
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in kept, f"{source} is kept from the builder"
    apps = {name.split(".")[0] for name in settings.INSTALLED_APPS if (ROOT / name.split(".")[0]).is_dir()}
    copied = {source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]}
    assert apps <= copied
    assert {str(ROOT / source) for source in ("manage.py", "locale")} <= {str(ROOT / one) for one in copied}


def test_the_image_is_pinned_and_runs_without_rights() -> None:
    words = instructions()
    images = [rest.split()[0] for word, rest in words if word == "FROM"]
    assert all(re.search(r":\d", image) and not image.endswith(":latest") for image in images)
    last = max(index for index, (word, _) in enumerate(words) if word == "FROM")
    users = [rest for word, rest in words[last:] if word == "USER"]
    assert users, "no account was chosen"
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])
    assert all(word != "ADD" for word, _ in words)
    installs = [rest for word, rest in words if word == "RUN" and "pip install" in rest]
    assert installs
    assert all("--require-hashes" in rest for rest in installs)
    assert all("npm ci" in rest for word, rest in words if word == "RUN" and re.search(r"npm (i|install|ci)\b", rest))
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"index-url|registry=|https?://(?!127\.0\.0\.1)", text), "an address of a registry"
    assert {word for word, _ in words[last:]} >= {"HEALTHCHECK", "CMD"}


# --- variables --------------------------------------------------------------------------------------------------------


def test_the_example_names_what_the_product_reads() -> None:
    known, given = variables_of_the_code(), example()
    assert given.keys() >= CONTRACT
    assert given.keys() - OUTSIDE <= known, "variables that nobody reads"
    # What only a checkout has.
    assert known - given.keys() <= {
        "LIANZHEN_VAR", "FRONTEND_DIR", "FONTS_DIR", "PORT", "PROMETHEUS_MULTIPROC_DIR", "VERTICALS", "DJANGO_SETTINGS_MODULE",
    }  # fmt: skip


def test_compose_starts_the_product_with_names_that_exist() -> None:
    known, services = variables_of_the_code() | OUTSIDE, compose()["services"]
    assert {"proxy", "web", "worker", "beat", "migrate", "postgres", "broker"} <= services.keys()
    for name in ("web", "worker", "beat", "migrate"):
        given = set(services[name]["environment"])
        assert given >= CONTRACT, name
        assert given <= known, name
        assert services[name]["read_only"] is True
        assert "env_file" not in services[name], "passwords of the servers would come along"
    for name, service in services.items():
        if "image" in service and not service["image"].startswith("lianzhen:"):
            assert re.search(r":v?\d", service["image"]), name
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert asked <= example().keys() | {"CERTIFICATES"}
    for service in services.values():
        for volume in service.get("volumes", ()):
            if volume.startswith("./"):
                assert (DEPLOY / volume.split(":")[0]).exists(), volume


def test_manifests_start_the_same_processes() -> None:
    found = list(manifests())
    kinds = {(one["kind"], one["metadata"].get("name", one["metadata"].get("generateName"))) for one in found}
    assert {("Deployment", "web"), ("Deployment", "worker"), ("Deployment", "beat"), ("Job", "migrate-")} <= kinds
    services = compose()["services"]
    for one in found:
        if one["kind"] == "ConfigMap":
            assert set(one["data"]) <= variables_of_the_code()
        if one["kind"] not in {"Deployment", "Job"}:
            continue
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert not container["image"].endswith(":latest")
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        if container["name"] in {"worker", "beat"}:
            assert container["command"] == services[container["name"]]["command"]


def variables(**changed: str) -> dict[str, str]:
    """A production environment that is in order, with some variables changed."""
    sound = {
        "DATABASE_URL": "postgresql://lianzhen_app:a@db/lianzhen", "DATABASE_ADMIN_URL": "postgresql://lianzhen_owner:b@db/lianzhen",
        "REDIS_URL": "redis://:c@broker/0", "BASE_DOMAIN": "clinics.example.com", "DJANGO_SECRET_KEY": "k" * 50,
        "FIELD_KEYS": "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "STRIPE_API_KEY": "sk_live_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_live", "EMAIL_URL": "smtps://u:p@mail", "SMS_URL": "https://sms.example.com/",
        "MEDIA_STORAGE_URL": "file:///srv/lianzhen/media",
    }  # fmt: skip
    return {**sound, **changed}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in variables()),
        ("DJANGO_SECRET_KEY", "demo-only-secret-key-which-production-refuses"),
        ("DJANGO_SECRET_KEY", "short"),
        ("FIELD_KEYS", "demo:ZGVtby1maWVsZC1rZXktMzItYnl0ZXMtbG9uZyEhISE="),
        ("FIELD_KEYS", "k1:ZGVtby1maWVsZC1rZXktMzItYnl0ZXMtbG9uZyEhISE="),
        ("STRIPE_API_KEY", "sk_test_demo"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_demo"),
        ("BASE_DOMAIN", "localhost"),
        ("EMAIL_URL", "file:///tmp/mail"),
        ("SMS_URL", "file:///tmp/sms"),
    ],
)
def test_production_names_the_demo_default_that_it_refuses(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for key, word in variables(**{name: value}).items():
        monkeypatch.setenv(key, word)
    with pytest.raises(ImproperlyConfigured, match=rf"set {name}$"):
        runpy.run_module("config.settings.production")


def test_production_starts_with_what_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, word in variables().items():
        monkeypatch.setenv(key, word)
    made = runpy.run_module("config.settings.production")
    assert made["PRODUCTION"] is True
    assert made["SECURE_SSL_REDIRECT"] is True


# --- figures ----------------------------------------------------------------------------------------------------------


def exposed() -> dict[str, set[str]]:
    """The figures that ``/metrics`` shows, and their labels."""
    found: dict[str, set[str]] = {"lianzhen_heartbeat_age_seconds": {"part"}}
    for one in vars(metrics).values():
        if hasattr(one, "_labelnames") and hasattr(one, "describe"):
            for family in one.describe():
                found[family.name] = set(one._labelnames) | {"le"}
    found.update({f"lianzhen_{name}": set() for name in settings.METRIC_GAUGES})
    return found


def expressions() -> Iterator[tuple[str, str]]:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    board = json.loads((DEPLOY / "grafana" / "lianzhen.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_alerts_and_dashboard_ask_for_figures_that_exist() -> None:
    known = exposed()
    for where, expression in expressions():
        names = METRIC.findall(expression)
        assert names or "up{" in expression, where
        labels: set[str] = set()
        for name in names:
            base = next((name.removesuffix(kind) for kind in KINDS if name.removesuffix(kind) in known), name)
            assert base in known, f"{where}: nobody counts {name}"
            labels |= known[base]
        used = set(re.findall(r"[{,]\s*(\w+)\s*[=!]", expression)) | {
            label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")
        }
        assert used - {"job"} <= labels, f"{where}: {used - labels}"


def test_every_alert_leads_to_its_runbook() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert (ROOT / rule["annotations"]["runbook"]).is_file(), rule["alert"]
            assert rule["labels"]["severity"] in {"page", "ticket"}
    scrape = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert all((DEPLOY / "prometheus" / name).is_file() for name in scrape["rule_files"])


# --- words ------------------------------------------------------------------------------------------------------------


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    found = [ROOT / name for name in listed] or [*DEPLOY.rglob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [path for path in found if path.exists()]


def test_pages_name_commands_and_files_that_exist() -> None:
    commands = get_commands()
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for command in re.findall(r"manage\.py ([a-z_]+)\b", text):
            assert command in commands, f"{page.relative_to(ROOT)}: {command}"
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            assert (page.parent / link).exists(), f"{page.relative_to(ROOT)}: {link}"


def test_scripts_are_sound() -> None:
    script = DEPLOY / "postgres" / "10-lianzhen.sh"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", script], capture_output=True).returncode == 0
    from config.launcher.accounts import EXTENSIONS

    text = script.read_text(encoding="utf-8")
    assert all(f"CREATE EXTENSION {name} SCHEMA ext" in text for name in EXTENSIONS)
