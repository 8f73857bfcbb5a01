--TEST--
Settings under WordPress: option, then filter; what cannot be used is refused by name
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/wp/' );
define( 'WP_CONTENT_DIR', '/nonexistent/content' );
$options = array();
$network = array();
$filters = array();
$multi   = false;
function is_multisite() {
	return $GLOBALS['multi'];
}
function get_option( $name, $fallback = false ) {
	return $GLOBALS['options'][ $name ] ?? $fallback;
}
function get_site_option( $name, $fallback = false ) {
	return $GLOBALS['network'][ $name ] ?? $fallback;
}
function apply_filters( $name, $value, ...$args ) {
	return isset( $GLOBALS['filters'][ $name ] ) ? $GLOBALS['filters'][ $name ]( $value, ...$args ) : $value;
}
function show( $label ) {
	foreach ( WP_Codebox_API::doctor() as $check ) {
		if ( in_array( $check['id'], array( 'artifacts_dir', 'cache_dir' ), true ) || 'settings' === $check['id'] && 'error' === $check['status'] ) {
			echo "$label: {$check['id']} {$check['message']}\n";
		}
	}
}
show( 'default' );
$options['wp_codebox_artifacts_root'] = '';
show( 'empty option' );
$options['wp_codebox_artifacts_root'] = '/nonexistent/option';
show( 'option' );
$multi                                = true;
$network['wp_codebox_artifacts_root'] = '/nonexistent/network';
show( 'network' );
$filters['wp_codebox_artifacts_root'] = fn( $root ) => "$root/filtered";
show( 'filter' );
$filters['wp_codebox_artifacts_root'] = fn( $root ) => false;
show( 'bad filter' );
$filters['wp_codebox_artifacts_root'] = fn( $root ) => 'relative';
show( 'relative filter' );
unset( $filters['wp_codebox_artifacts_root'] );
$network['wp_codebox_artifacts_root'] = array( 1 );
show( 'bad option' );
$network = array();
$filters['wp_codebox_allowed_mount_roots'] = function ( $roots ) {
	echo json_encode( $roots, JSON_UNESCAPED_SLASHES ), "\n";
	unset( $roots[0] );
	return $roots;
};
$network['wp_codebox_workspaces_root'] = '/nonexistent/workspaces';
show( 'mount roots' );
foreach ( array( 'wp_codebox_allowed_mount_roots', 'wp_codebox_allowed_artifact_roots' ) as $name ) {
	foreach ( array( null, '/a', array( 'relative' ), array( 5 ), new ArrayIterator() ) as $bad ) {
		$filters = array( $name => fn() => $bad );
		$check   = WP_Codebox_API::doctor()[1];
		assert( 'error' === $check['status'] && str_contains( $check['message'], $name ) || $bad instanceof ArrayIterator && 'error' === $check['status'], $check['message'] );
	}
}
?>
--EXPECT--
default: artifacts_dir /nonexistent/content/wp-codebox/artifacts will be made when it is needed.
default: cache_dir /nonexistent/content/wp-codebox/cache will be made when it is needed.
empty option: artifacts_dir /nonexistent/content/wp-codebox/artifacts will be made when it is needed.
empty option: cache_dir /nonexistent/content/wp-codebox/cache will be made when it is needed.
option: artifacts_dir /nonexistent/option will be made when it is needed.
option: cache_dir /nonexistent/content/wp-codebox/cache will be made when it is needed.
network: artifacts_dir /nonexistent/network will be made when it is needed.
network: cache_dir /nonexistent/content/wp-codebox/cache will be made when it is needed.
filter: artifacts_dir /nonexistent/network/filtered will be made when it is needed.
filter: cache_dir /nonexistent/content/wp-codebox/cache will be made when it is needed.
bad filter: settings the filter wp_codebox_artifacts_root must be an absolute path.
relative filter: settings the filter wp_codebox_artifacts_root must be an absolute path.
bad option: settings the option wp_codebox_artifacts_root must be an absolute path.
["/nonexistent/wp/","/nonexistent/content","/nonexistent/workspaces"]
mount roots: artifacts_dir /nonexistent/content/wp-codebox/artifacts will be made when it is needed.
mount roots: cache_dir /nonexistent/content/wp-codebox/cache will be made when it is needed.
