-- Unique keys without the tenant tell one store of another's rows (TEN211): once the tenant column is there, it
-- leads them.
DROP INDEX public.idx_unq_manager_staff_id;
CREATE UNIQUE INDEX idx_unq_manager_staff_id ON public.store USING btree (tenant_id, manager_staff_id);
DROP INDEX public.idx_unq_rental_rental_date_inventory_id_customer_id;
CREATE UNIQUE INDEX idx_unq_rental_rental_date_inventory_id_customer_id
  ON public.rental USING btree (tenant_id, rental_date, inventory_id, customer_id);
