"""The script for zsh."""

from __future__ import annotations

from collections.abc import Mapping

from auxseg.cli.completion.cases import cases_of_values, cases_of_words, groups
from auxseg.cli.completion.offered import Offered


def zsh_script(offered: Mapping[str, Offered]) -> str:
    """A function for ``compdef``; names of files are offered beside its words."""
    return f"""#compdef auxseg
# Completion of auxseg for zsh: source <(auxseg completion zsh), after compinit.
_auxseg() {{
    local before=${{words[CURRENT-1]}} command= offered=() options=()
    ((CURRENT > 2)) && command=${{words[2]}}
    case $command in
        {groups(offered)}) ((CURRENT > 3)) && command+=" ${{words[3]}}" ;;
    esac
    case $command in
{cases_of_words(offered)}
    esac
    [[ ${{words[CURRENT]}} == -* ]] && offered=($options)
    case "$command $before" in
{cases_of_values(offered)}
    esac
    compadd -- $offered
    [[ -n $command && ${{words[CURRENT]}} != -* ]] && _files
    return 0
}}
compdef _auxseg auxseg"""
