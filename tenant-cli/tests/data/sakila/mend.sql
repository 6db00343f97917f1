-- What of Sakila lint would find: read `docs/adopt.md`, "What stays yours".
SET search_path = public;

-- A rule runs with its owner's rights (TEN227). A trigger does what these did.
DROP RULE payment_insert_p2007_01 ON payment;
DROP RULE payment_insert_p2007_02 ON payment;
DROP RULE payment_insert_p2007_03 ON payment;
DROP RULE payment_insert_p2007_04 ON payment;
DROP RULE payment_insert_p2007_05 ON payment;
DROP RULE payment_insert_p2007_06 ON payment;

-- It reads as its owner, who sees every store's customers (TEN304).
ALTER FUNCTION rewards_report(integer, numeric) SECURITY INVOKER;
