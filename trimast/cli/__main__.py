"""The `trimast` command. What a subcommand needs is imported when it is run, not before."""

import os
import sys

import click

from trimast.cli.lazy_group import LazyGroup

CLUSTER = "A cluster on this machine"
WORK = "Work"
LOOK = "What there is"
CARE = "Taking care of a cluster"
PROCESSES = "Processes"

INTERRUPTED = 130
"""As shells put it: 128 and the number of SIGINT."""


@click.group(
    cls=LazyGroup,
    commands_by_title={
        CLUSTER: {
            "demo": ("demo:demo", "See a leader killed in the middle of real work."),
            "up": ("local:up", "Start a local cluster of real processes."),
            "down": ("local:down", "End it, tasks and all."),
            "kill-leader": ("local:kill_leader", "kill -9 its leading master."),
            "start-master": ("local:start_master", "Start one of its masters that is dead."),
            "revive": ("local:revive_dead", "Start all of its processes that are dead."),
            "drill": ("drill:drill", "Kill leaders, and measure what it costs."),
        },
        WORK: {
            "run": ("run:run", "Run a command as one task or more, and end as it does."),
            "task": ("task:task", "One task: its logs; kill it."),
            "framework": ("framework:framework", "One framework: tear it down."),
        },
        LOOK: {
            "masters": ("masters:masters", "Who leads, and how far each master is."),
            "agents": ("agents:agents", "Machines, what they have and what is used."),
            "frameworks": ("frameworks:frameworks", "Who runs tasks."),
            "tasks": ("tasks:tasks", "What runs where, and what has ended."),
            "offers": ("offers:offers", "What is offered to whom at this moment."),
        },
        CARE: {
            "transfer-leader": ("transfer_leader:transfer_leader", "Have another master lead."),
            "backup": ("backup:backup", "Write the registry to a file, or check such a file."),
            "inspect": ("process:inspect", "What a data directory or a backup holds."),
            "restore": ("process:restore", "Make a master's data directory from a backup."),
            "recover": ("process:recover", "Go on after the loss of a majority of masters."),
        },
        PROCESSES: {
            "master": ("process:master", "Be a master; or add, remove, replace, list, transfer."),
            "agent": ("process:agent", "Be an agent."),
            "tls": ("tls:tls", "Certificates by which masters know each other."),
        },
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="trimast", message="trimast %(version)s")
def cli() -> None:
    """Trimast: a cluster manager whose masters outlive their leader.

    Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 no leader within --timeout.
    """


def main() -> None:
    # What gRPC's own library says of lost connections is nothing that a user asked for.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        # What a command returns is nothing; what it exits with comes back from here.
        sys.exit(cli.main(prog_name="trimast", standalone_mode=False))
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "trimast"
        click.echo(f"{where}: {error.format_message().rstrip('.')}; see: {where} --help", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
