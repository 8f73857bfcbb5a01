DROP TABLE IF EXISTS `wp_orders`;
CREATE TABLE `wp_orders` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `customer` varchar(190) NOT NULL,
  `total` decimal(10,2) NOT NULL DEFAULT '0.00',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `wp_orders` (`customer`, `total`) VALUES ('First; and foremost', 12.50), ('Second', 7.25);
