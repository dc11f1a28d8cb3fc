"""The experiments, each with the name of its page under spec/effects/.

Each module has ``SETTINGS``, the names of what is compared; ``run(setting, seed, parts, data)``,
which makes one trial and returns numbers and lists of numbers; and ``measure(trials)``, which
turns the trials of one seed, by setting, into the figures that the page's claims are about.
"""
