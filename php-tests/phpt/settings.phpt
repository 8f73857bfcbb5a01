--TEST--
Settings: INI, then the environment; bad values name their setting
--INI--
wp_codebox.cache_dir=/nonexistent-ini/cache
--ENV--
WP_CODEBOX_CACHE_DIR=/nonexistent-env/cache
WP_CODEBOX_ARTIFACTS_DIR=/nonexistent-env/artifacts
--FILE--
<?php
function show( ...$ids ) {
	foreach ( WP_Codebox_API::doctor() as $check ) {
		if ( in_array( $check['id'], $ids, true ) ) {
			echo "{$check['id']} {$check['status']}: {$check['message']}\n";
		}
	}
}
// INI wins over the environment.
show( 'cache_dir', 'artifacts_dir' );
// putenv() counts.
putenv( 'WP_CODEBOX_ARTIFACTS_DIR=/nonexistent-putenv/artifacts' );
show( 'artifacts_dir' );
putenv( 'WP_CODEBOX_ARTIFACTS_DIR=relative' );
show( 'settings', 'artifacts_dir' );
putenv( 'WP_CODEBOX_ARTIFACTS_DIR' );

// Directories and the upper bound are not a script's to choose.
foreach ( array( 'runtime_dir', 'cache_dir', 'artifacts_dir', 'artifact_roots', 'mount_roots', 'max_timeout' ) as $name ) {
	assert( false === ini_set( "wp_codebox.$name", '1' ), $name );
}
foreach ( array( 'memory_limit', 'output_limit', 'disk_limit', 'file_size_limit', 'network_bytes_limit' ) as $name ) {
	foreach ( array( '512M' => 'ok', '1g' => 'ok', '65536' => 'ok', ' 64K ' => 'ok', '' => 'ok' ) + array_fill_keys( array( '0', '-1', '+5', '1.5G', '5T', 'K', '12 M', '0x10', '99999999999G' ), 'error' ) as $value => $expected ) {
		ini_set( "wp_codebox.$name", $value );
		$check = WP_Codebox_API::doctor()[1];
		assert( 'settings' === $check['id'] && $check['status'] === $expected, "$name=$value: {$check['message']}" );
		assert( 'ok' === $expected || str_starts_with( $check['message'], "wp_codebox.$name must be" ), $check['message'] );
	}
	ini_restore( "wp_codebox.$name" );
}
foreach ( array( 'files_limit', 'open_files_limit', 'network_connections_limit' ) as $name ) {
	foreach ( array( '32' => 'ok', '65536' => 'ok', '' => 'ok', '0' => 'error', '-1' => 'error', '1K' => 'error', '99999999' => 'error' ) as $value => $expected ) {
		ini_set( "wp_codebox.$name", $value );
		assert( WP_Codebox_API::doctor()[1]['status'] === $expected, "$name=$value" );
	}
	ini_restore( "wp_codebox.$name" );
}
foreach ( array( '1' => 'ok', '86400' => 'ok', '0' => 'error', '86401' => 'error', '1s' => 'error', '-5' => 'error' ) as $value => $expected ) {
	ini_set( 'wp_codebox.timeout', $value );
	assert( WP_Codebox_API::doctor()[1]['status'] === $expected, "timeout=$value" );
}
ini_restore( 'wp_codebox.timeout' );
putenv( 'WP_CODEBOX_MAX_TIMEOUT=soon' );
show( 'settings' );
?>
--EXPECT--
artifacts_dir ok: /nonexistent-env/artifacts will be made when it is needed.
cache_dir ok: /nonexistent-ini/cache will be made when it is needed.
artifacts_dir ok: /nonexistent-putenv/artifacts will be made when it is needed.
settings error: WP_CODEBOX_ARTIFACTS_DIR must be an absolute path.
settings error: WP_CODEBOX_MAX_TIMEOUT must be a number of seconds from 1 to 86400.
