"""Resume the background work of services (schedules, event sources, alarms) after their state was loaded.

LocalStack starts a service with its first request. A service whose state was loaded resumes its work then, before the
request is served. Services that have work to do without a request are started at once, in the background.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any

from localstack.services.events.archive import ArchiveService
from localstack.services.events.event_bus import EventBusService
from localstack.services.events.models import Rule, events_stores
from localstack.services.events.rule import RuleService
from localstack.services.plugins import SERVICE_PLUGINS

from localstack_plugin.persistence.services.containers import bundle
from localstack_plugin.replacing import wrap

LOG = logging.getLogger(__name__)
Hook = Callable[[Any], None]


class Pending:
    """The services that have to resume their work before their first request."""

    def __init__(self, services: Collection[str]) -> None:
        self._hooks = {service: hook for service, hook in HOOKS.items() if service in services}
        self._locks = {service: threading.RLock() for service in self._hooks}
        self._resuming: set[str] = set()

    def resume(self, name: str, service: Any) -> None:
        """Resume the work of a service once. Other threads wait until it has been done."""
        if name not in self._hooks:
            return
        with self._locks[name]:
            if name in self._hooks and name not in self._resuming:
                self._resuming.add(name)  # the hook itself may ask for the service
                try:
                    self._hooks[name](service.lifecycle_hook)
                except Exception:  # a service that cannot resume its work must still serve requests
                    LOG.exception("%s could not resume its work after its state was loaded", name)
                del self._hooks[name]


def install(services: Collection[str]) -> None:
    """Let these services, whose state was loaded, resume their work."""
    pending = Pending(services)

    def resuming(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        def require(manager: Any, name: str) -> Any:
            service = original(manager, name)
            pending.resume(name, service)
            return service

        return require

    wrap(
        "localstack.services.plugins:ServiceManager.require",
        wrapper=resuming,
        why="LocalStack starts a service with its first request. A service whose state was loaded also resumes its "
        "background work, such as schedules and event sources.",
    )
    if names := [name for name in HOOKS if name in services and _has_work(name)]:
        threading.Thread(target=_start, args=(names,), name="state-resumption", daemon=True).start()


def _start(names: list[str]) -> None:
    for name in names:
        SERVICE_PLUGINS.require(name)


def _has_work(service: str) -> bool:
    for _, _, store in bundle(service).iter_stores():
        if service == "lambda" and store.event_source_mappings:
            return True
        if service == "cloudwatch" and store.alarms:
            return True
        if service == "events" and any(rule.schedule_expression for rule in _rules(store)):
            return True
    return False


def _rules(store: Any) -> Iterator[Rule]:
    for bus in store.event_buses.values():
        yield from bus.rules.values()


def alarms(provider: Any) -> None:
    provider.on_before_state_load()
    provider.on_after_state_load()


def functions(provider: Any) -> None:
    """Let LocalStack's provider prepare the functions, and keep their revision IDs, which it replaces."""
    revisions = {id(version.id): version.config.revision_id for version in _versions()}
    provider.on_before_state_load()
    provider.on_after_state_load()
    for version in _versions():
        vars(version.config)["revision_id"] = revisions[id(version.id)]


def _versions() -> Iterator[Any]:
    for _, _, store in bundle("lambda").iter_stores():
        for function in store.functions.values():
            yield from function.versions.values()


def events(provider: Any) -> None:
    """Create the services of the buses and rules, the senders of their targets, and the jobs of schedules."""
    for account, region, store in events_stores.iter_stores():
        for bus in store.event_buses.values():
            provider._event_bus_services_store[bus.arn] = EventBusService(bus)
        for rule in _rules(store):
            _rule(provider, account, region, rule)
        for archive in store.archives.values():
            created = archive.creation_time
            provider._archive_service_store[archive.arn] = ArchiveService(archive)
            archive.creation_time = created


def _rule(provider: Any, account: str, region: str, rule: Rule) -> None:
    service = RuleService(rule)
    provider._rule_services_store[rule.arn] = service
    for target in rule.targets.values():
        provider.create_target_sender(target, rule.arn, rule.name, region, account)
    if service.schedule_cron and rule.targets:
        service.create_schedule_job(provider._get_scheduled_rule_job_function(account, region, rule))


HOOKS: dict[str, Hook] = {"events": events, "lambda": functions, "cloudwatch": alarms}
