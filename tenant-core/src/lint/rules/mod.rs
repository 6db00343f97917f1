//! One lint, one file. Codes are never given to another lint:
//! `TEN001` row security and policies, `TEN101` roles and grants, `TEN201` tables, keys and indexes,
//! `TEN301` views and functions, `TEN401` server and settings, `TEN501` our own schema, `TEN901` the
//! suppressions themselves.

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

use super::Rule;

/// All rules, by code.
pub(super) static ALL: [Rule; 54] = [
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
            assert!(rule.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
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
