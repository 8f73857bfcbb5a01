--TEST--
phpinfo() has a section with version and settings
--INI--
wp_codebox.timeout=7
--FILE--
<?php
ob_start();
phpinfo( INFO_MODULES );
$info = ob_get_clean();
foreach ( array( 'WP Codebox => enabled', 'Version => ' . WP_CODEBOX_VERSION, 'wp_codebox.timeout => 7 => 7', 'wp_codebox.runtime_dir => no value => no value' ) as $line ) {
	assert( str_contains( $info, $line ), $line );
}
echo "done\n";
?>
--EXPECT--
done
