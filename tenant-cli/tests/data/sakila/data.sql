-- Three stores, whose customers rent what their own store has, from their own store's staff.
SET search_path = public;

INSERT INTO country (country) SELECT 'Country ' || n FROM generate_series(1, 5) AS n;
INSERT INTO city (city, country_id) SELECT 'City ' || n, 1 + n % 5 FROM generate_series(1, 12) AS n;
INSERT INTO address (address, district, city_id, phone)
SELECT n || ' Main Street', 'District ' || n % 7, 1 + n % 12, '555-' || n FROM generate_series(1, 69) AS n;
INSERT INTO language (name) VALUES ('English'), ('Italian'), ('Japanese');
INSERT INTO category (name) SELECT 'Category ' || n FROM generate_series(1, 6) AS n;
INSERT INTO actor (first_name, last_name) SELECT 'First ' || n, 'Last ' || n FROM generate_series(1, 20) AS n;
INSERT INTO film (title, description, release_year, language_id, rating, special_features)
SELECT 'Film ' || n, 'An epic tale of number ' || n, 1980 + n % 30, 1 + n % 3,
  (enum_range(NULL::mpaa_rating))[1 + n % 5], ARRAY['Trailers'] FROM generate_series(1, 40) AS n;
INSERT INTO film_actor (actor_id, film_id)
SELECT a, f FROM generate_series(1, 20) AS a, generate_series(1, 40) AS f WHERE (a + f) % 6 = 0;
INSERT INTO film_category (film_id, category_id) SELECT f, 1 + f % 6 FROM generate_series(1, 40) AS f;

-- A store wants its manager, and the manager a store.
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO store (store_id, manager_staff_id, address_id) SELECT s, s, s FROM generate_series(1, 3) AS s;
INSERT INTO staff (staff_id, first_name, last_name, address_id, store_id, username)
SELECT n, 'Staff ' || n, 'Of ' || 1 + (n - 1) % 3, 3 + n, 1 + (n - 1) % 3, 'staff' || n FROM generate_series(1, 6) AS n;
COMMIT;
SELECT setval('store_store_id_seq', 3), setval('staff_staff_id_seq', 6);

INSERT INTO customer (store_id, first_name, last_name, email, address_id, active, create_date)
SELECT 1 + n % 3, 'Customer ' || n, 'Family ' || n, 'c' || n || '@example.org', 9 + n, 1, '2006-02-14'
FROM generate_series(1, 60) AS n;
INSERT INTO inventory (film_id, store_id)
SELECT 1 + n % 40, 1 + n % 3 FROM generate_series(0, 239) AS n;
-- A rental is of its customer's store.
INSERT INTO rental (rental_date, inventory_id, customer_id, return_date, staff_id)
SELECT timestamp '2007-01-02' + n * interval '7 hours', i.inventory_id, c.customer_id,
  CASE WHEN n % 9 > 0 THEN timestamp '2007-01-04' + n * interval '7 hours' END, c.store_id + 3 * (n % 2)
FROM generate_series(1, 480) AS n
JOIN customer c ON c.customer_id = 1 + n % 60
JOIN LATERAL (SELECT inventory_id FROM inventory v WHERE v.store_id = c.store_id
  ORDER BY (v.inventory_id * 7 + n) % 83, v.inventory_id LIMIT 1) AS i ON true;
INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date)
SELECT customer_id, staff_id, rental_id, 1.99 + rental_id % 7, rental_date + interval '1 hour' FROM rental;
