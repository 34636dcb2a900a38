"""django-fsm-2 and Django's ORM, as people write them: a protected state field, conditions, atomic steps, an audit row."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import django
from django.conf import settings

from tests.bench.peers.demands import STATES, STEPS, entry, measured, unmet

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL;"


def main(path: str, cases: int) -> None:
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": path,
                "OPTIONS": {"init_command": PRAGMAS, "transaction_mode": "IMMEDIATE"},
            }
        },
        INSTALLED_APPS=[],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.db import connection, models, transaction
    from django_fsm import FSMField
    from django_fsm import transition as fsm_transition

    def table(name: str, /, **fields: Any) -> Any:
        meta = type("Meta", (), {"app_label": "peer", "db_table": name, "managed": False})
        return type(name.title().replace("_", ""), (models.Model,), {"__module__": __name__, "Meta": meta, **fields})

    text, number, moment = models.TextField, models.IntegerField, models.DateTimeField
    centre = table("centre", name=text(), host_unit=text(), eligible=models.BooleanField())
    office = table("office", region=text())
    case_row = table(
        "cases",
        title=text(),
        theme=text(),
        length=number(),
        sections=models.JSONField(),
        recipient=text(),
        service_to=models.DateField(null=True),
        form=models.JSONField(),
        content=text(),
        call_number=text(),
        centre=models.ForeignKey(centre, models.DO_NOTHING),
        office=models.ForeignKey(office, models.DO_NOTHING),
        first_submitted_at=moment(null=True),
    )
    seal = table("seal", case_id=number(), unit=text(), content=text())
    english = table("case_english", case_id=number(), of=text())
    sign_off = table("sign_off", case_id=number(), by_id=number(), void_at=moment(null=True))
    revision = table("case_revision", case_id=number(), by_id=number())
    audit = table(
        "audit_event",
        uid=models.BigIntegerField(primary_key=True),
        case_id=number(),
        action=text(),
        outcome=text(),
        person_id=number(null=True),
    )
    grant = table("person_grant", person_id=number(), role=text())
    extension = table("extension", call_number=text(), last_day=models.DateField())
    centre_day = table("centre_day", call_number=text(), last_day=models.DateField())
    fingerprint = table("fingerprint", case_id=number(null=True))
    band = table("fingerprint_band", fingerprint=models.ForeignKey(fingerprint, models.DO_NOTHING), band=text())
    prior = table("prior_report", centre_name=text(), title=text())

    class Event(models.Model):
        case_id = number(db_index=True)
        action = text()
        body = text()
        hash = models.CharField(max_length=64, unique=True)

        class Meta:
            app_label = "peer"

    def gathered(case_id: int) -> dict[str, Any]:
        case = case_row.objects.select_related("centre", "office").get(id=case_id)
        sealed = seal.objects.filter(case_id=case_id).order_by("-id").first()
        translated = english.objects.filter(case_id=case_id).order_by("-id").first()
        days = [
            *extension.objects.filter(call_number=case.call_number).values_list("last_day", flat=True),
            *centre_day.objects.filter(call_number=case.call_number).values_list("last_day", flat=True),
        ]
        mine = band.objects.filter(fingerprint__case_id=case_id).values("band")
        sharing = band.objects.filter(band__in=mine).values("fingerprint_id")
        alike = fingerprint.objects.filter(id__in=sharing).exclude(case_id=case_id)
        nearby = case_row.objects.filter(centre_id=case.centre_id, first_submitted_at__isnull=False)
        imported = prior.objects.filter(centre_name=case.centre.name)
        return {
            "opens": "2021-03-12",
            "last_day": max(map(str, days), default=""),
            "title": case.title,
            "theme": case.theme,
            "length": case.length,
            "sections": case.sections,
            "recipient": case.recipient,
            "service_to": case.service_to,
            "form": case.form,
            "content": case.content,
            "eligible": case.centre.eligible,
            "host_unit": case.centre.host_unit,
            "region": case.office.region,
            "seal_unit": sealed.unit if sealed else "",
            "seal_content": sealed.content if sealed else "",
            "english": translated.of if translated else "",
            "signed": list(sign_off.objects.filter(case_id=case_id, void_at=None).values_list("by_id", flat=True)),
            "authors": sorted(set(revision.objects.filter(case_id=case_id).values_list("by_id", flat=True))),
            "acted": sorted(
                (action, person or 0)
                for action, person in audit.objects.filter(case_id=case_id, outcome="done")
                .values_list("action", "person_id")
                .distinct()
            ),
            "held": list(grant.objects.filter(person_id=1).values_list("id", flat=True)),
            "similar": [one.id for one in alike]
            + [one.id for one in (*nearby, *imported) if one.title == case.title and one.id != case_id],
        }

    def holds(instance: Any) -> bool:
        return not unmet(instance.facts)

    def stepping(source: str, target: str) -> Any:
        @fsm_transition(field="state", source=source, target=target, conditions=[holds])
        def taken(self: Any) -> None:
            """The state is all that changes."""

        return taken

    meta = type("Meta", (), {"app_label": "peer"})
    steps = {name: stepping(*pair) for name, pair in zip(STEPS, itertools.pairwise(STATES), strict=True)}
    fields = {"state": FSMField(default="draft", protected=True), "version": number(default=1)}
    peer_case = type("PeerCase", (models.Model,), {"__module__": __name__, "Meta": meta, **fields, **steps})
    with connection.schema_editor() as editor:
        editor.create_model(peer_case)
        editor.create_model(Event)
    peer_case.objects.bulk_create([peer_case(id=case) for case in range(1, cases + 1)])

    def step(case_id: int, place: int) -> None:
        with transaction.atomic():
            row = peer_case.objects.get(id=case_id)
            row.facts = gathered(case_id)
            version = row.version
            getattr(row, STEPS[place])()
            changed = peer_case.objects.filter(id=case_id, version=version).update(state=row.state, version=version + 1)
            if changed != 1:
                raise AssertionError("overtaken")
            last = Event.objects.filter(case_id=case_id).order_by("-id").values_list("hash", flat=True).first()
            body, hashed = entry(case_id, STEPS[place], last or "", row.facts)
            Event.objects.create(case_id=case_id, action=STEPS[place], body=body, hash=hashed)

    measured(step, cases)
    if Event.objects.count() != cases * len(STEPS):
        raise AssertionError("steps are missing")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
