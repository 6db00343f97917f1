//! One lint, one file. Codes are never given to another lint:
//! `TEN001` row security and policies, `TEN101` roles and grants, `TEN201` tables, keys and indexes,
//! `TEN301` views and functions, `TEN401` server and settings, `TEN501` our own schema, `TEN601` Citus,
//! `TEN901` the suppressions themselves.

mod ten001_row_security_disabled;
mod ten002_row_security_not_forced;
mod ten003_no_policies;
mod ten004_policies_without_row_security;
mod ten005_policy_widens;
mod ten006_policy_held_by_the_wall_alone;
mod ten007_policy_always_true;
mod ten008_no_restrictive_wall;
mod ten009_command_without_policy;
mod ten010_check_differs_from_using;
mod ten011_policy_without_expression;
mod ten012_policy_evaluated_per_row;
mod ten013_policy_with_or;
mod ten014_policy_with_case;
mod ten015_policy_casts_the_tenant;
mod ten016_policy_reads_the_setting;
mod ten017_policy_trusts_user_metadata;
mod ten018_policy_trusts_an_admin_setting;
mod ten019_policy_calls_a_volatile_function;
mod ten020_policy_function_without_search_path;
mod ten021_policy_admits_no_tenant;
mod ten022_several_permissive_policies;
mod ten023_policy_for_everybody;
mod ten024_policy_with_or_unwalled;
mod ten025_wall_altered;
mod ten101_role_missing;
mod ten102_application_is_superuser;
mod ten103_application_bypasses_row_security;
mod ten104_application_can_become_all_seeing;
mod ten105_application_can_become_owner_or_admin;
mod ten106_application_makes_roles;
mod ten107_application_reaches_the_server;
mod ten108_application_in_a_predefined_role;
mod ten109_application_owns_a_tenant_table;
mod ten110_login_inherits;
mod ten111_login_has_privileges;
mod ten112_shared_role_on_a_tenant_table;
mod ten113_everybody_on_a_tenant_table;
mod ten114_truncate_granted;
mod ten115_references_granted;
mod ten116_trigger_granted;
mod ten117_maintain_granted;
mod ten118_grant_option;
mod ten119_column_grants;
mod ten120_undeclared_relation_granted;
mod ten121_temporary_tables;
mod ten122_create_in_the_database;
mod ten123_create_in_a_schema;
mod ten124_application_owns_database_or_schema;
mod ten125_large_objects_can_be_made;
mod ten126_large_object_granted;
mod ten127_default_privileges;
mod ten128_dangerous_functions;
mod ten129_settings_granted;
mod ten130_single_role_owns_tables;
mod ten131_shared_table_writable_by_tenants;
mod ten201_declared_table_missing;
mod ten202_undeclared_table_with_tenant_column;
mod ten203_undeclared_table_open_to_the_application;
mod ten204_tenant_column_missing;
mod ten205_tenant_column_nullable;
mod ten206_tenant_column_of_another_type;
mod ten207_tenant_column_default;
mod ten208_foreign_key_crosses_tenants;
mod ten209_foreign_key_changes_other_tenants;
mod ten210_shared_row_refers_to_a_tenant;
mod ten211_unique_without_tenant;
mod ten212_exclusion_without_tenant;
mod ten213_no_index_led_by_tenant;
mod ten214_index_invalid;
mod ten215_index_twice;
mod ten216_index_superfluous;
mod ten217_index_better_led_by_tenant;
mod ten218_index_better_partial;
mod ten219_partition_open;
mod ten220_partition_granted;
mod ten221_partition_without_row_security;
mod ten222_partition_not_forced;
mod ten223_inheritance_child;
mod ten224_tenant_rows_outside_of_row_security;
mod ten225_published;
mod ten226_trigger_with_owners_rights;
mod ten227_rule_on_a_tenant_table;
mod ten228_foreign_key_not_validated;
mod ten229_sequence_open;
mod ten230_shared_table_with_tenant_column;
mod ten231_tenants_that_are_equal;
mod ten232_trigger_of_a_cascade;
mod ten233_parent_open;
mod ten234_index_waits_for_a_mark;
mod ten235_index_waits_for_a_search;
mod ten236_index_on_an_expression;
mod ten237_tenant_table_in_the_shared_schema;
mod ten301_view_bypasses_row_security;
mod ten302_materialized_view_readable;
mod ten303_definer_without_search_path;
mod ten304_definer_sees_all_tenants;
mod ten305_leakproof_function;
mod ten306_function_sets_the_tenant;
mod ten307_function_with_a_setting;
mod ten308_view_without_invoker;
mod ten309_mark_gone;
mod ten310_mark_that_leaks;
mod ten401_cve_2016_2193;
mod ten402_cve_2019_10130;
mod ten403_cve_2023_2455;
mod ten404_cve_2023_39418;
mod ten405_cve_2024_10976;
mod ten406_cve_2025_8713;
mod ten407_cve_2024_4317;
mod ten408_cve_2024_10978;
mod ten409_cve_2026_2006;
mod ten410_row_security_off;
mod ten411_tenant_set_at_login;
mod ten412_replication_role_set;
mod ten413_search_path_writable;
mod ten414_role_set_at_login;
mod ten415_statements_logged;
mod ten416_large_objects_unchecked;
mod ten417_library_loaded_at_login;
mod ten418_statement_statistics_readable;
mod ten501_current_tenant_missing;
mod ten502_our_schema_owned_by_the_application;
mod ten503_current_tenant_not_stable;
mod ten504_current_tenant_without_search_path;
mod ten505_current_tenant_ignores_the_transaction;
mod ten506_our_schema_writable;
mod ten507_seal_keys_readable;
mod ten508_our_tables_open;
mod ten509_current_tenant_of_another_type;
mod ten510_not_sealed;
mod ten511_tokens_readable;
mod ten512_search_role_does_more;
mod ten513_search_function_open;
mod ten514_current_tenant_asks_others;
mod ten601_citus_not_declared;
mod ten602_citus_missing;
mod ten603_table_not_distributed;
mod ten604_distributed_by_another_column;
mod ten605_tables_not_colocated;
mod ten606_shared_table_distributed;
mod ten607_policy_function_not_on_workers;
mod ten608_role_cannot_reach_workers;
mod ten609_worker_commands_open;
mod ten610_policy_widens_on_shards;
mod ten611_set_commands_not_propagated;
mod ten901_suppression_without_reason;
mod ten902_suppression_of_nothing;

use super::Rule;

/// All rules, by code.
pub(super) static ALL: [Rule; 148] = [
    ten001_row_security_disabled::RULE,
    ten002_row_security_not_forced::RULE,
    ten003_no_policies::RULE,
    ten004_policies_without_row_security::RULE,
    ten005_policy_widens::RULE,
    ten006_policy_held_by_the_wall_alone::RULE,
    ten007_policy_always_true::RULE,
    ten008_no_restrictive_wall::RULE,
    ten009_command_without_policy::RULE,
    ten010_check_differs_from_using::RULE,
    ten011_policy_without_expression::RULE,
    ten012_policy_evaluated_per_row::RULE,
    ten013_policy_with_or::RULE,
    ten014_policy_with_case::RULE,
    ten015_policy_casts_the_tenant::RULE,
    ten016_policy_reads_the_setting::RULE,
    ten017_policy_trusts_user_metadata::RULE,
    ten018_policy_trusts_an_admin_setting::RULE,
    ten019_policy_calls_a_volatile_function::RULE,
    ten020_policy_function_without_search_path::RULE,
    ten021_policy_admits_no_tenant::RULE,
    ten022_several_permissive_policies::RULE,
    ten023_policy_for_everybody::RULE,
    ten024_policy_with_or_unwalled::RULE,
    ten025_wall_altered::RULE,
    ten101_role_missing::RULE,
    ten102_application_is_superuser::RULE,
    ten103_application_bypasses_row_security::RULE,
    ten104_application_can_become_all_seeing::RULE,
    ten105_application_can_become_owner_or_admin::RULE,
    ten106_application_makes_roles::RULE,
    ten107_application_reaches_the_server::RULE,
    ten108_application_in_a_predefined_role::RULE,
    ten109_application_owns_a_tenant_table::RULE,
    ten110_login_inherits::RULE,
    ten111_login_has_privileges::RULE,
    ten112_shared_role_on_a_tenant_table::RULE,
    ten113_everybody_on_a_tenant_table::RULE,
    ten114_truncate_granted::RULE,
    ten115_references_granted::RULE,
    ten116_trigger_granted::RULE,
    ten117_maintain_granted::RULE,
    ten118_grant_option::RULE,
    ten119_column_grants::RULE,
    ten120_undeclared_relation_granted::RULE,
    ten121_temporary_tables::RULE,
    ten122_create_in_the_database::RULE,
    ten123_create_in_a_schema::RULE,
    ten124_application_owns_database_or_schema::RULE,
    ten125_large_objects_can_be_made::RULE,
    ten126_large_object_granted::RULE,
    ten127_default_privileges::RULE,
    ten128_dangerous_functions::RULE,
    ten129_settings_granted::RULE,
    ten130_single_role_owns_tables::RULE,
    ten131_shared_table_writable_by_tenants::RULE,
    ten201_declared_table_missing::RULE,
    ten202_undeclared_table_with_tenant_column::RULE,
    ten203_undeclared_table_open_to_the_application::RULE,
    ten204_tenant_column_missing::RULE,
    ten205_tenant_column_nullable::RULE,
    ten206_tenant_column_of_another_type::RULE,
    ten207_tenant_column_default::RULE,
    ten208_foreign_key_crosses_tenants::RULE,
    ten209_foreign_key_changes_other_tenants::RULE,
    ten210_shared_row_refers_to_a_tenant::RULE,
    ten211_unique_without_tenant::RULE,
    ten212_exclusion_without_tenant::RULE,
    ten213_no_index_led_by_tenant::RULE,
    ten214_index_invalid::RULE,
    ten215_index_twice::RULE,
    ten216_index_superfluous::RULE,
    ten217_index_better_led_by_tenant::RULE,
    ten218_index_better_partial::RULE,
    ten219_partition_open::RULE,
    ten220_partition_granted::RULE,
    ten221_partition_without_row_security::RULE,
    ten222_partition_not_forced::RULE,
    ten223_inheritance_child::RULE,
    ten224_tenant_rows_outside_of_row_security::RULE,
    ten225_published::RULE,
    ten226_trigger_with_owners_rights::RULE,
    ten227_rule_on_a_tenant_table::RULE,
    ten228_foreign_key_not_validated::RULE,
    ten229_sequence_open::RULE,
    ten230_shared_table_with_tenant_column::RULE,
    ten231_tenants_that_are_equal::RULE,
    ten232_trigger_of_a_cascade::RULE,
    ten233_parent_open::RULE,
    ten234_index_waits_for_a_mark::RULE,
    ten235_index_waits_for_a_search::RULE,
    ten236_index_on_an_expression::RULE,
    ten237_tenant_table_in_the_shared_schema::RULE,
    ten301_view_bypasses_row_security::RULE,
    ten302_materialized_view_readable::RULE,
    ten303_definer_without_search_path::RULE,
    ten304_definer_sees_all_tenants::RULE,
    ten305_leakproof_function::RULE,
    ten306_function_sets_the_tenant::RULE,
    ten307_function_with_a_setting::RULE,
    ten308_view_without_invoker::RULE,
    ten309_mark_gone::RULE,
    ten310_mark_that_leaks::RULE,
    ten401_cve_2016_2193::RULE,
    ten402_cve_2019_10130::RULE,
    ten403_cve_2023_2455::RULE,
    ten404_cve_2023_39418::RULE,
    ten405_cve_2024_10976::RULE,
    ten406_cve_2025_8713::RULE,
    ten407_cve_2024_4317::RULE,
    ten408_cve_2024_10978::RULE,
    ten409_cve_2026_2006::RULE,
    ten410_row_security_off::RULE,
    ten411_tenant_set_at_login::RULE,
    ten412_replication_role_set::RULE,
    ten413_search_path_writable::RULE,
    ten414_role_set_at_login::RULE,
    ten415_statements_logged::RULE,
    ten416_large_objects_unchecked::RULE,
    ten417_library_loaded_at_login::RULE,
    ten418_statement_statistics_readable::RULE,
    ten501_current_tenant_missing::RULE,
    ten502_our_schema_owned_by_the_application::RULE,
    ten503_current_tenant_not_stable::RULE,
    ten504_current_tenant_without_search_path::RULE,
    ten505_current_tenant_ignores_the_transaction::RULE,
    ten506_our_schema_writable::RULE,
    ten507_seal_keys_readable::RULE,
    ten508_our_tables_open::RULE,
    ten509_current_tenant_of_another_type::RULE,
    ten510_not_sealed::RULE,
    ten511_tokens_readable::RULE,
    ten512_search_role_does_more::RULE,
    ten513_search_function_open::RULE,
    ten514_current_tenant_asks_others::RULE,
    ten601_citus_not_declared::RULE,
    ten602_citus_missing::RULE,
    ten603_table_not_distributed::RULE,
    ten604_distributed_by_another_column::RULE,
    ten605_tables_not_colocated::RULE,
    ten606_shared_table_distributed::RULE,
    ten607_policy_function_not_on_workers::RULE,
    ten608_role_cannot_reach_workers::RULE,
    ten609_worker_commands_open::RULE,
    ten610_policy_widens_on_shards::RULE,
    ten611_set_commands_not_propagated::RULE,
    ten901_suppression_without_reason::RULE,
    ten902_suppression_of_nothing::RULE,
];

/// The rule of this code.
pub(super) fn by_code(code: &str) -> Option<&'static Rule> {
    ALL.binary_search_by(|rule| rule.code.cmp(code)).ok().and_then(|at| ALL.get(at))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn rules_are_sorted_and_told_apart() {
        assert!(ALL.is_sorted_by(|a, b| a.code < b.code), "by code, and no code twice");
        for rule in &ALL {
            assert_eq!(by_code(rule.code), Some(rule));
        }
        let names: HashSet<&str> = ALL.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), ALL.len());
        let reasons: HashSet<&str> = ALL.iter().map(|rule| rule.why).collect();
        assert_eq!(reasons.len(), ALL.len(), "every rule has a reason of its own");
        let findings: HashSet<&str> = ALL.iter().map(|rule| rule.finds).collect();
        assert_eq!(findings.len(), ALL.len());
    }

    #[test]
    fn every_rule_says_what_it_must() {
        for rule in &ALL {
            let code = rule.code;
            assert!(code.len() == 6 && code.starts_with("TEN"), "{code}");
            assert!(code[3..].bytes().all(|b| b.is_ascii_digit()), "{code}");
            assert!(
                rule.name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')),
                "{code}"
            );
            for sentence in [rule.finds, rule.why] {
                assert!(sentence.starts_with(char::is_uppercase), "{code}: {sentence}");
                assert!(sentence.ends_with('.'), "{code}: {sentence}");
            }
            assert!(rule.source.starts_with("https://"), "{code}");
            assert!(!rule.example.object.is_empty() && !rule.example.triggers.is_empty(), "{code}");
            // The suppressions' own are found without a query.
            assert_eq!(rule.query.is_empty(), code.starts_with("TEN9"), "{code}");
            assert!(!rule.startup || rule.severity == crate::Severity::Error, "{code}");
        }
    }
}
