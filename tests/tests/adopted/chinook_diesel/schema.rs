// @generated automatically by Diesel CLI.

diesel::table! {
    album (album_id) {
        album_id -> Int4,
        title -> Text,
        artist_id -> Int4,
    }
}

diesel::table! {
    artist (artist_id) {
        artist_id -> Int4,
        name -> Nullable<Text>,
    }
}

diesel::table! {
    customer (customer_id) {
        customer_id -> Int4,
        first_name -> Text,
        last_name -> Text,
        company -> Nullable<Text>,
        address -> Nullable<Text>,
        city -> Nullable<Text>,
        state -> Nullable<Text>,
        country -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        phone -> Nullable<Text>,
        fax -> Nullable<Text>,
        email -> Text,
        support_rep_id -> Nullable<Int4>,
    }
}

diesel::table! {
    employee (employee_id) {
        employee_id -> Int4,
        last_name -> Text,
        first_name -> Text,
        title -> Nullable<Text>,
        reports_to -> Nullable<Int4>,
        birth_date -> Nullable<Timestamp>,
        hire_date -> Nullable<Timestamp>,
        address -> Nullable<Text>,
        city -> Nullable<Text>,
        state -> Nullable<Text>,
        country -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        phone -> Nullable<Text>,
        fax -> Nullable<Text>,
        email -> Nullable<Text>,
    }
}

diesel::table! {
    genre (genre_id) {
        genre_id -> Int4,
        name -> Nullable<Text>,
    }
}

diesel::table! {
    invoice (invoice_id) {
        invoice_id -> Int4,
        customer_id -> Int4,
        invoice_date -> Timestamp,
        billing_address -> Nullable<Text>,
        billing_city -> Nullable<Text>,
        billing_state -> Nullable<Text>,
        billing_country -> Nullable<Text>,
        billing_postal_code -> Nullable<Text>,
        total -> Numeric,
    }
}

diesel::table! {
    invoice_line (invoice_line_id) {
        invoice_line_id -> Int4,
        invoice_id -> Int4,
        track_id -> Int4,
        unit_price -> Numeric,
        quantity -> Int4,
    }
}

diesel::table! {
    job (job_id) {
        job_id -> Int4,
        envelope -> Text,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    media_type (media_type_id) {
        media_type_id -> Int4,
        name -> Nullable<Text>,
    }
}

diesel::table! {
    report (report_id) {
        report_id -> Int4,
        status -> Text,
        result -> Nullable<Text>,
    }
}

diesel::table! {
    track (track_id) {
        track_id -> Int4,
        name -> Text,
        album_id -> Nullable<Int4>,
        media_type_id -> Int4,
        genre_id -> Nullable<Int4>,
        composer -> Nullable<Text>,
        milliseconds -> Int4,
        bytes -> Nullable<Int4>,
        unit_price -> Numeric,
    }
}

diesel::joinable!(album -> artist (artist_id));
diesel::joinable!(customer -> employee (support_rep_id));
diesel::joinable!(invoice -> customer (customer_id));
diesel::joinable!(invoice_line -> invoice (invoice_id));
diesel::joinable!(invoice_line -> track (track_id));
diesel::joinable!(track -> album (album_id));
diesel::joinable!(track -> media_type (media_type_id));
diesel::joinable!(track -> genre (genre_id));

diesel::allow_tables_to_appear_in_same_query!(
    album,
    artist,
    customer,
    employee,
    genre,
    invoice,
    invoice_line,
    job,
    media_type,
    report,
    track,
);
