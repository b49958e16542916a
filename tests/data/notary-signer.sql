CREATE TABLE private_keys (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, created_at timestamp NULL,
  updated_at timestamp NULL, deleted_at timestamp NULL, key_id varchar(255) NOT NULL UNIQUE,
  encryption_alg varchar(255), keywrap_alg varchar(255), algorithm varchar(50),
  passphrase_alias varchar(50), public blob, private blob, gun varchar(255), role varchar(255),
  last_used timestamp NULL);
