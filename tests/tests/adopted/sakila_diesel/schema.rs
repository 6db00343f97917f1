// @generated automatically by Diesel CLI.

pub mod sql_types {
    #[derive(diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "mpaa_rating"))]
    pub struct MpaaRating;

    #[derive(diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "tsvector"))]
    pub struct Tsvector;
}

diesel::table! {
    actor (actor_id) {
        actor_id -> Int4,
        first_name -> Varchar,
        last_name -> Varchar,
        last_update -> Timestamp,
    }
}

diesel::table! {
    address (address_id) {
        address_id -> Int4,
        #[sql_name = "address"]
        address_ -> Varchar,
        address2 -> Nullable<Varchar>,
        district -> Varchar,
        city_id -> Int2,
        postal_code -> Nullable<Varchar>,
        phone -> Varchar,
        last_update -> Timestamp,
    }
}

diesel::table! {
    category (category_id) {
        category_id -> Int4,
        name -> Varchar,
        last_update -> Timestamp,
    }
}

diesel::table! {
    city (city_id) {
        city_id -> Int4,
        #[sql_name = "city"]
        city_ -> Varchar,
        country_id -> Int2,
        last_update -> Timestamp,
    }
}

diesel::table! {
    country (country_id) {
        country_id -> Int4,
        #[sql_name = "country"]
        country_ -> Varchar,
        last_update -> Timestamp,
    }
}

diesel::table! {
    customer (customer_id) {
        customer_id -> Int4,
        store_id -> Int2,
        first_name -> Varchar,
        last_name -> Varchar,
        email -> Nullable<Varchar>,
        address_id -> Int2,
        activebool -> Bool,
        create_date -> Date,
        last_update -> Nullable<Timestamp>,
        active -> Nullable<Int4>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::MpaaRating;
    use super::sql_types::Tsvector;

    film (film_id) {
        film_id -> Int4,
        title -> Varchar,
        description -> Nullable<Text>,
        release_year -> Nullable<Int4>,
        language_id -> Int2,
        original_language_id -> Nullable<Int2>,
        rental_duration -> Int2,
        rental_rate -> Numeric,
        length -> Nullable<Int2>,
        replacement_cost -> Numeric,
        rating -> Nullable<MpaaRating>,
        last_update -> Timestamp,
        special_features -> Nullable<Array<Nullable<Text>>>,
        fulltext -> Tsvector,
    }
}

diesel::table! {
    film_actor (actor_id, film_id) {
        actor_id -> Int2,
        film_id -> Int2,
        last_update -> Timestamp,
    }
}

diesel::table! {
    film_category (film_id, category_id) {
        film_id -> Int2,
        category_id -> Int2,
        last_update -> Timestamp,
    }
}

diesel::table! {
    inventory (inventory_id) {
        inventory_id -> Int4,
        film_id -> Int2,
        store_id -> Int2,
        last_update -> Timestamp,
    }
}

diesel::table! {
    language (language_id) {
        language_id -> Int4,
        name -> Bpchar,
        last_update -> Timestamp,
    }
}

diesel::table! {
    payment (payment_id) {
        payment_id -> Int4,
        customer_id -> Int2,
        staff_id -> Int2,
        rental_id -> Int4,
        amount -> Numeric,
        payment_date -> Timestamp,
    }
}

diesel::table! {
    rental (rental_id) {
        rental_id -> Int4,
        rental_date -> Timestamp,
        inventory_id -> Int4,
        customer_id -> Int2,
        return_date -> Nullable<Timestamp>,
        staff_id -> Int2,
        last_update -> Timestamp,
    }
}

diesel::table! {
    staff (staff_id) {
        staff_id -> Int4,
        first_name -> Varchar,
        last_name -> Varchar,
        address_id -> Int2,
        email -> Nullable<Varchar>,
        store_id -> Int2,
        active -> Bool,
        username -> Varchar,
        password -> Nullable<Varchar>,
        last_update -> Timestamp,
        picture -> Nullable<Bytea>,
    }
}

diesel::table! {
    store (store_id) {
        store_id -> Int4,
        manager_staff_id -> Int2,
        address_id -> Int2,
        last_update -> Timestamp,
    }
}

diesel::joinable!(payment -> rental (rental_id));
diesel::joinable!(rental -> inventory (inventory_id));

diesel::allow_tables_to_appear_in_same_query!(
    actor,
    address,
    category,
    city,
    country,
    customer,
    film,
    film_actor,
    film_category,
    inventory,
    language,
    payment,
    rental,
    staff,
    store,
);
