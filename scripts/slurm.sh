# Slurm's packages, for the tests and for `SLURM=1 make up`. Sourced after system.sh, not run.

# Why no cluster can be started here, in one sentence; empty where one can.
why_no_slurm() {
    .venv/bin/python -c 'from tests.slurm.machine import why_not; print(why_not())'
}

# install_slurm WHY. Its daemons that a systemd starts after this find no configuration and stop;
# those of ours have ports, sockets and folders of their own.
install_slurm() {
    install_packages "$1" munge slurmctld slurmd slurmdbd slurmrestd \
        slurm-client slurm-wlm-basic-plugins slurm-wlm-jwt-plugin mariadb-server
}
