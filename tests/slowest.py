"""What takes longest: modules that begin before all others, and tests that only `make slow` runs.

The modules stand with the longest first, so that none is left to one process; xdist would begin with those of most
tests.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, final

from xdist.scheduler import LoadScopeScheduling

ROOT: Final = Path(__file__).parents[1]
SLOWEST: Final = (
    "tests/study/",
    "tests/deploy/",
    "tests/run/test_train.py",
    "tests/models/test_properties.py",
    "tests/run/test_presets.py",
    "tests/test_python_page.py",
    "tests/run/test_phases.py",
    "tests/run/test_balancers.py",
    "tests/data/sources/test_split_h5.py",
    "tests/run/test_teaching.py",
    "tests/report/test_in_chromium.py",
    "tests/run/test_grid.py",
)
TOGETHER: Final = ("tests/study/", "tests/deploy/")
"""Folders whose modules share what is made once in each process, so that one process takes them all."""


FURTHER: Final = {
    "tests/balancing/test_properties.py": (
        r"losses_in_bfloat16\[1-",
        r"a_gate_leaves_an_auxiliary_out_while_its_loss_is_small\[1-",
        r"gradients_are_those_of_the_weighted_sum\[1-",
    ),
    "tests/run/test_balancers.py": (
        r"resumed_run_ends_with_the_same_weights\[(?!uncertainty|random)",
        r"micro_batches_change_nothing\[(?!uncertainty)",
    ),
    "tests/run/test_teaching.py": (r"goes_on_to_the_same_bits\[settings[0-3]", "two_processes_end"),
    "tests/run/test_deep_supervision.py": ("goes_on_to_the_same_bits",),
    "tests/run/test_phases.py": (r"goes_on_in_its_phase_to_the_same_weights\[(3|11)\]",),
    "tests/run/test_presets.py": (
        r"every_name_trains_and_can_be_used\[(mobilenet-unet|mtl-attention|mtl-attention-without-classification|"
        r"residual-without-classification|mtl-segnet-with-canny|mtl-segnet-no-pretrained|unet-mtl-80-10-10|"
        r"unet-mtl-without-classification|unet)\]",
        r"train_on_generated_rooms\[nyuv2-hard\]",
    ),
    "tests/run/test_grid.py": ("evaluate_goes_on_without_a_grid", "runs_on_different_stores_are_refused"),
    "tests/run/test_failing.py": ("failure_to_write_ends_all_processes",),
    "tests/run/test_watch.py": (r"watching_changes_no_bit_of_the_training\[(?!dropout|cross-stitch)",),
    "tests/run/test_layers.py": (r"every_sharing_scheme_trains_them_all\[(cross-stitch|two-stage)\]",),
    "tests/run/test_train.py": (
        r"the_latest_model_near_the_best_is_kept\[0\.0\]",
        "two_processes_end_with_the_weights_of_one",
        r"schedule_spans_the_whole_run\[(12|25)\]",
    ),
    "tests/run/observing/test_history.py": (r"a_resumed_run_has_the_rows_of_a_whole_one\[8\]",),
    "tests/study/test_study_command.py": (
        "shares_of_the_masks_are_answered_one_by_one",
        "one_seed_is_warned_about_and_is_no_look",
        "the_best_may_be_left_in_the_studys_own_directory",
        r"a_search_and_longer_training_are_planned\[arguments[01]",
    ),
    "tests/study/directory/test_same_data.py": (
        r"a_store_that_is_replaced_gives_no_verdict\[[12]\]",
        r"measured_in_another_way_are_measured_again\[other0\]",
    ),
    "tests/study/design/test_same_compute.py": (
        r"every_sharing_scheme_can_be_counted_and_more_tasks_take_more\[(residual-cross-stitch|mtl-attention)-",
        "only_the_control_is_stretched_and_what_was_chosen_is_kept",
        "it_is_counted_again_for_another_auxiliary_of_the_same_name",
        r"a_step_is_thrice_its_forward_pass_but_for_the_gradient_of_the_picture\[mobilenet-unet\]",
    ),
    "tests/study/screening/test_screening.py": (
        "every_share_of_the_masks_is_ranked_by_itself",
        "another_question_than_that_of_the_study_or_the_ranking_is_refused",
        "data_without_a_test_split_can_be_screened",
    ),
    "tests/study/execution/test_local.py": (r"half_a_run_goes_on_to_the_same_numbers\[settings0\]",),
    "tests/report/test_in_chromium.py": (
        r"the_page_is_painted\[500-",
        r"nothing_is_cut_off_or_stands_beside_the_page\[(page-1280|study)",
    ),
    "tests/cli/deploy/test_serve.py": (r"the_address_is_told_and_the_end_is_clean\[2-130-False\]",),
    "tests/records/test_damaged.py": (r"a_run_with_a_damaged_file_is_read_or_refused\[recipe\.yaml\]",),
    "tests/test_python_page.py": (
        "the_page_is_one_script_that_runs",
        "a_loop_of_ones_own_learns",
        "the_tests_for_authors_of_plugins_need_no_test_runner",
    ),
    "tests/recipe/test_reading.py": (
        "reading_a_recipe_loads_no_compiler",
        r"presets_survive_a_round_trip\[(mtl-attention|residual|unet-mtl|mtl-segnet)-",
    ),
    "tests/deploy/export/test_description.py": ("the_file_of_initial_weights_is_not_named",),
    "tests/deploy/export/test_parity.py": ("a_refined_target_agrees_with_the_maps_that_refine_it",),
    "tests/run/test_faults.py": ("fault_15_the_seed_decides_the_run_and_the_best_model_is_kept",),
    "tests/run/test_every_task.py": ("random_views_are_the_same_in_every_evaluation",),
    "tests/study/design/test_plan.py": ("directories_are_found_again_by_another_process",),
    "tests/study/execution/test_work.py": (r"it_is_in_the_ratio_of_operations\[64\]",),
    "tests/cli/test_train.py": ("several_runs_go_on_and_those_that_have_not_begun_start",),
    "tests/cli/test_presets.py": (r"a_preset_states_its_number_of_parameters\[(mtl-attention|residual)-",),
    "tests/cli/test_grid.py": ("a_grid_trains_every_combination_into_one_comparison",),
    "tests/study/test_planner_command.py": ("one_that_is_begun_keeps_its_design",),
    "tests/report/runs/test_first_screen.py": (r"evaluated_on_another_split_is_to_be_tested\[val-",),
    "tests/data/sources/test_split_h5.py": (
        r"every_process_opens_files_for_itself\[spawn\]",
        r"every_number_format_gives_the_same_bytes\[(?!uint8-|float to 1-bool)",
        r"empty_masks_do_not_decide_what_foreground_is\[(?!None-255|38-1)",
    ),
    "tests/data/loading/test_loader.py": (
        r"the_loader_works_in_another_process\[spawn\]",
        "every_batch_holds_as_many_masks_as_asked",
    ),
    "tests/models/encoders/test_timm_backbone.py": (r"features_are_those_of_timm\[vgg11_bn\]",),
    "tests/models/test_stages.py": (r"every_shared_parameter_is_in_one_group\[.*(stitch|mtan)",),
    "tests/models/encoders/test_low_rank.py": (r"attention_is_found_whatever_it_is_called\[(?!edgenext|maxvit)",),
    "tests/models/test_recompute.py": (r"running_statistics_are_the_same_to_the_bit\[(mobilenet|segnet) ",),
    "tests/models/test_grey.py": (r"the_same_network_on_grey_pictures\[.*(stitch|mtan|two-stage)",),
    "tests/models/test_properties.py": (
        r"\[(segnet|convnext|residual|mobilenet) .*stitch",
        r"\[segnet mtan encoder-decoder",
        r"\[(vit simple|residual bottleneck|unet group|mobilenet group|segnet unet|segnet two-stage|convnext mtan) ?",
        r"\[(mobilenet|segnet unet|unet group|residual bottleneck) mtan",
        r"\[(unet grey|residual bottleneck|vit) two-stage",
    ),
    "tests/statistics/test_behrens_fisher.py": (r"tail_is_the_convolution_of_two_student_distributions\[0\.(5|9)-",),
}
"""Tests by module, as expressions for what is in their names, that have a like with other parameters or beside them.

Only `make slow` runs them.
"""


def is_further(nodeid: str) -> bool:
    """Whether only `make slow` runs a test."""
    path, _, name = nodeid.partition("::")
    return any(re.search(each, name) for each in FURTHER.get(path, ()))


@final
class Scheduling(LoadScopeScheduling):
    """Modules by the process, as ``--dist loadscope`` has it, and some folders as one module."""

    def _split_scope(self, nodeid: str) -> str:
        folder = next((folder for folder in TOGETHER if nodeid.startswith(folder)), None)
        return folder or super()._split_scope(nodeid)


def rank(path: Path) -> int:
    """The place of a module in the order."""
    name = path.as_posix().removeprefix(f"{ROOT.as_posix()}/")
    return next((place for place, slow in enumerate(SLOWEST) if name.startswith(slow)), len(SLOWEST))
