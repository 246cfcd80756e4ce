"""The script for bash."""

from __future__ import annotations

from collections.abc import Mapping

from auxseg.cli.completion.cases import cases_of_values, cases_of_words, groups
from auxseg.cli.completion.offered import Offered


def bash_script(offered: Mapping[str, Offered]) -> str:
    """A function for ``complete``; where it offers nothing, bash completes the names of files."""
    return f"""# Completion of auxseg for bash: source <(auxseg completion bash)
_auxseg() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= offered=() options=()
    ((COMP_CWORD > 1)) && command=${{COMP_WORDS[1]}}
    case $command in
        {groups(offered)}) ((COMP_CWORD > 2)) && command+=" ${{COMP_WORDS[2]}}" ;;
    esac
    case $command in
{cases_of_words(offered)}
    esac
    [[ $word == -* ]] && offered=("${{options[@]}}")
    case "$command $before" in
{cases_of_values(offered)}
    esac
    mapfile -t COMPREPLY < <(compgen -W "${{offered[*]}}" -- "$word")
}}
complete -o bashdefault -o default -F _auxseg auxseg"""
