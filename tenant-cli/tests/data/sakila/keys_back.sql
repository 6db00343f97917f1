-- Before the isolation goes, and with it the tenant column: the keys as Sakila has them.
DROP INDEX public.idx_unq_manager_staff_id;
CREATE UNIQUE INDEX idx_unq_manager_staff_id ON public.store USING btree (manager_staff_id);
DROP INDEX public.idx_unq_rental_rental_date_inventory_id_customer_id;
CREATE UNIQUE INDEX idx_unq_rental_rental_date_inventory_id_customer_id
  ON public.rental USING btree (rental_date, inventory_id, customer_id);
